"""Return paths: each names its mail, and nobody else can write one."""

from __future__ import annotations

import pytest

from nurture import digests
from nurture.channels.returns import verp

SECRET, OTHER = b"a secret of thirty-two characters", b"another secret of 32 characters.."
KEY = digests.keyed(SECRET, "ana", "email")
BASES = ("bounces@volta.example", "volta-*-b@mail.volta.example", "*@b.volta.example")


@pytest.mark.parametrize("base", BASES)
def test_a_return_path_names_its_message_also_after_servers_changed_capitals(base: str) -> None:
    path = verp.address(base, KEY, SECRET)
    assert verp.key_in(path, base, [OTHER, SECRET]) == KEY
    assert verp.key_in(path.upper(), base, [SECRET]) == KEY
    assert len(path.partition("@")[0]) <= 64


@pytest.mark.parametrize("place", range(8, 52))
def test_no_sign_of_it_can_be_changed(place: int) -> None:
    path = verp.address(BASES[0], KEY, SECRET)
    changed = path[:place] + ("b" if path[place] == "a" else "a") + path[place + 1 :]
    assert verp.key_in(changed, BASES[0], [SECRET]) is None


def test_only_a_secret_of_ours_signs_it() -> None:
    assert verp.key_in(verp.address(BASES[0], KEY, OTHER), BASES[0], [SECRET]) is None


@pytest.mark.parametrize(
    "address", ["bounces@volta.example", "oi@volta.example", "", "@", "bounces+x@volta.example"]
)
def test_other_addresses_name_nothing(address: str) -> None:
    assert verp.key_in(address, BASES[0], [SECRET]) is None


WRONG = {
    "no address": ("bounces", "must be an address"),
    "two places for the key": ("*-*@volta.example", "must be an address"),
    "a line break": ("b\r\nRCPT@volta.example", "must be an address"),
    "no room for the key": ("bounces-of-our-newsletter@volta.example", "too long before the @"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_a_return_path_is_said(name: str) -> None:
    base, why = WRONG[name]
    assert why in (verp.problem(base) or "")


@pytest.mark.parametrize("base", BASES)
def test_what_can_be_one_is_fine(base: str) -> None:
    assert verp.problem(base) is None
