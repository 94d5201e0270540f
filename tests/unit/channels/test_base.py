import pytest

from nurture.channels.base import MEANINGS, OutcomeKind, Trouble, outcome, scrub
from tests.support.channels import email

SAID = {
    "address": ("<ana.silva@example.com>: unknown", "ana.silva@example.com", "<…>: unknown"),
    "in capitals": ("ANA.SILVA@EXAMPLE.COM unknown", "ana.silva@example.com", "… unknown"),
    "local part": ("no mailbox ana.silva here", "ana.silva@example.com", "no mailbox … here"),
    "another address": ("ask postmaster@example.net", "ana@example.com", "ask …"),
    "phone": ("To +5511999990000 is not valid", "+5511999990000", "To … is not valid"),
    "phone without plus": ("To 5511999990000 is not valid", "+5511999990000", "To … is not valid"),
    "lines": ("one\r\n two\tthree", "ana@example.com", "one two three"),
    "what no database keeps": ("no\x00 such \ud800 user", "ana@example.com", "no such user"),
    "a short local part stays readable": ("a mailbox", "a@example.com", "a mailbox"),
    "long": ("x" * 500, "ana@example.com", "x" * 200),
}


@pytest.mark.parametrize("name", SAID)
def test_what_a_provider_says_is_kept_without_the_person(name: str) -> None:
    said, recipient, kept = SAID[name]
    assert scrub(said, recipient) == kept


@pytest.mark.parametrize("trouble", Trouble)
def test_every_trouble_has_words_and_a_way(trouble: Trouble) -> None:
    found = outcome(email(1, "ana"), trouble, "550", "no such user ana@example.com")
    assert found.kind is MEANINGS[trouble].kind
    assert found.detail == f"{MEANINGS[trouble].words} (no such user …)"


def test_only_a_wrong_address_an_opt_out_or_the_providers_own_list_suppresses() -> None:
    suppressing = {trouble: meaning.suppress for trouble, meaning in MEANINGS.items() if meaning.suppress}
    assert suppressing == {
        Trouble.INVALID_RECIPIENT: "hard_bounce",
        Trouble.OPTED_OUT: "opt_out",
        Trouble.SUPPRESSED: "provider",
    }


def test_what_may_have_arrived_is_never_tried_again() -> None:
    doubtful = [trouble for trouble, meaning in MEANINGS.items() if meaning.kind is OutcomeKind.IN_DOUBT]
    assert doubtful == [Trouble.LOST]
