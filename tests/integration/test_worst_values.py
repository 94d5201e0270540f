"""How many segments an SMS may take is counted with the values that people have: the worst of them, not the longest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.app.runtime import Runtime
from nurture.app.uses import Sent
from nurture.app.worst_values import Longests, Worst
from nurture.model import Channel, Field, FieldType
from nurture.rendering import sms
from nurture.store import widths
from nurture.store.tables import contacts
from tests.support.plans import plan_of
from tests.support.shop import Shop, open_shop, settings

PLAN = plan_of("- sms: birthday/present")
NICK, POINTS = Field("nick", FieldType.TEXT), Field("points", FieldType.NUMBER)


@pytest.fixture
def shop(database: str, tmp_path: Path) -> Iterator[Shop]:
    found = open_shop(database, tmp_path, fields={"nick": NICK, "points": POINTS})
    with closing(found.runtime):
        yield found


def _know(shop: Shop, **people: dict[str, Any]) -> None:
    with shop.runtime.store.begin() as tx:
        for ref, values in people.items():
            tx.execute(sa.update(contacts).where(contacts.c.ref == ref).values(**values))


def _longest(shop: Shop, field: Field, *, replaced: bool = False) -> widths.Longest | None:
    alphabets = [sms.ALPHABET, sms.replaceable()] if replaced else [sms.ALPHABET]
    with shop.runtime.store.read() as tx:
        return widths.longest(tx, field, alphabets)


def test_the_longest_of_each_alphabet_is_found(shop: Shop) -> None:
    fields = shop.runtime.contact_fields
    _know(
        shop,
        ana={"city": "Santa Rita [SP] ~ €", "first_name": "Ana Luísa", "fields": {"nick": "Gê", "points": 7}},
        bruno={"city": "São João", "first_name": "Bruno", "fields": {"nick": "🎁", "points": 1234567.5}},
        davi={"city": "", "first_name": "Davi", "fields": {"nick": 12, "points": "many"}},
    )
    city, first = _longest(shop, fields["city"]), _longest(shop, fields["first_name"])
    assert city is not None
    assert set(city.values) == {"Santa Rita [SP] ~ €", "São João", "Santa", "São"}
    assert city.missing
    assert first is not None
    assert set(first.values) == {"Bruno", "Ana Luísa"}
    assert not first.missing
    nick, points = _longest(shop, NICK, replaced=True), _longest(shop, POINTS)
    assert nick is not None
    assert set(nick.values) == {"Gê", "🎁"}
    assert nick.missing  # 12 is no text
    assert points is not None
    assert points.values == (7, 1234567.5)
    spent = _longest(shop, fields["lifetime_value"])
    assert spent is not None
    assert spent.values == (0.0,)


def test_nobody_counts_who_can_get_none(shop: Shop) -> None:
    city = shop.runtime.contact_fields["city"]
    _know(
        shop,
        ana={"city": "Aparecida do Taboado", "phone": None},
        bruno={"city": "Entre Rios de Minas", "erased_at": shop.now},
        davi={"city": "Natal"},
    )
    found = _longest(shop, city)
    assert found is not None
    assert found.values == ("Natal",)
    _know(shop, davi={"phone": None})
    assert _longest(shop, city) is None


@dataclass(frozen=True)
class Case:
    """A text, who there is, and what is said of it."""

    name: str
    text: str
    people: dict[str, dict[str, Any]]
    segments: int
    because: tuple[str | None, int, str]  # the field, its length, its signs outside of the GSM alphabet
    transliterate: bool = False


LONG = "Aparecida do Rio Doce e de Santa Rita do Passa Quatro"
SHORT = "x" * 60
FIRST = "{{ first_name | first_word }}"
CASES = (
    Case("the longest", "x" * 120 + "{{ city }}", {"ana": {"city": LONG}}, 2, ("city", 53, "")),
    Case(
        "a short one with a sign outside is worse than a long one",
        SHORT + "{{ city }}",
        {"ana": {"city": LONG}, "bruno": {"city": "São João das Três Pontes"}},
        2,
        ("city", 24, "ã ê"),
    ),
    Case(
        "one field brings the sign, the other the length",
        "x" * 40 + "{{ contact.city }} {{ first_name }}",
        {"ana": {"city": LONG}, "bruno": {"city": "Natal", "first_name": "Íris"}},
        2,
        ("first_name", 4, "Í"),
    ),
    Case(
        "of a name only its first word is shown",
        SHORT + "x" * 5 + FIRST,
        {"ana": {"first_name": "Ana Conceição de Assunção"}, "bruno": {"first_name": "Brunô Souza"}},
        1,
        ("first_name", 5, "ô"),
    ),
    Case(
        "the whole name is the first word",
        SHORT + "x" * 9 + FIRST,
        {"ana": {"first_name": "Ana Conceição de Assunção"}, "bruno": {"first_name": "Brú"}},
        2,
        ("first_name", 3, "ú"),
    ),
    Case(
        "what stands there for those who have none",
        "x" * 140 + "{{ city | default('a cidade em que você mora agora') }}",
        {"ana": {"city": "Natal"}},
        3,
        ("city", 0, "ê"),
    ),
    Case(
        "replaced, but for the emoji",
        SHORT + "{{ nick }}",
        {"ana": {"fields": {"nick": "Conceição da Assunção de São João"}}, "bruno": {"fields": {"nick": "Ana 🎁 Souza"}}},
        2,
        ("nick", 11, "🎁"),
        transliterate=True,
    ),
    Case("a number", "x" * 150 + "{{ points | number }}", {"ana": {"fields": {"points": 1_000_000_000}}}, 2, ("points", 10, "")),
    Case("no field", "x" * 170, {}, 2, (None, 0, "")),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_makes_it_long(case: Case, one_database: str, tmp_path: Path) -> None:
    texts = tmp_path / "templates" / "sms" / "birthday"
    texts.mkdir(parents=True)
    (texts / "present.txt").write_text(case.text, encoding="utf-8")
    shop = open_shop(one_database, tmp_path, fields={"nick": NICK, "points": POINTS})
    with closing(shop.runtime):
        _know(shop, **case.people)
        found = _worst(shop, case.transliterate)
    assert found is not None
    assert found.segments == case.segments
    assert (found.field, found.length, found.signs) == case.because


def _worst(shop: Shop, transliterate: bool) -> Worst | None:
    channels = dict(settings().channels)
    channels[Channel.SMS] = replace(channels[Channel.SMS], transliterate=transliterate)
    told = replace(shop.runtime.settings, channels=channels)
    runtime = Runtime(shop.runtime.store, told, shop.runtime.folder)
    (step,) = PLAN.steps.values()
    with runtime.store.read() as tx:
        return Longests(runtime, tx)(PLAN, Sent(step, "sms", "birthday/present"))
