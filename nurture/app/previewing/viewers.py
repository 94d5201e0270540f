"""Who looks at a message: somebody made up, somebody awkward, the person of a test, or a real contact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nurture.app import samples
from nurture.app.compose import variables
from nurture.app.runtime import Runtime
from nurture.app.timelines import Timeline
from nurture.problems import NurtureError
from nurture.store import contacts

MOST_FOUND = 8


@dataclass(frozen=True, slots=True)
class Viewer:
    """`known` is what templates see of her, `source` whence it comes. `key` names her in an address."""

    key: str
    name: str
    about: str
    known: Mapping[str, Any]
    source: str
    contact_id: int | None = None


def made_up(runtime: Runtime, now: datetime) -> tuple[Viewer, ...]:
    """Those who are there in every workspace."""
    settings = runtime.settings
    return (
        Viewer("", "Ana", "somebody made up", samples.person(settings, now), "made up"),
        Viewer(
            "+longest", "Long values", "the longest there are", samples.longest(settings, now), "long values"
        ),
        Viewer("+unknown", "Few values", "hardly known", samples.unknown(settings, now), "few values"),
    )


def of_tests(
    tests: Iterable[Timeline], journey: str | None, runtime: Runtime, now: datetime
) -> Iterator[Viewer]:
    """The people of the journey's tests, each once."""
    seen: list[Mapping[str, Any]] = []
    for test in tests:
        if test.journey == journey and test.person not in seen:
            seen.append(test.person)
            yield _of_test(test, runtime, now)


def _of_test(test: Timeline, runtime: Runtime, now: datetime) -> Viewer:
    given = {name: value for name, value in test.person.items() if name not in ("tags", "consents")}
    contact = {**samples.unknown(runtime.settings, now)["contact"], **given}
    name = str(given.get("first_name") or given.get("ref") or "somebody")
    place = f"tests/{test.mark.file.rpartition('/')[2]}:{test.mark.line}"
    return Viewer(f"+{place}", name, test.name, {**contact, "contact": contact}, place)


def search(runtime: Runtime, text: str) -> list[tuple[str, str, str]]:
    """Contacts that `text` may mean: how to name each, her name, and her address."""
    with runtime.store.read() as tx:
        found = (
            contacts.search(tx, text.strip(), MOST_FOUND, runtime.settings.company.country)
            if text.strip()
            else []
        )
    return [(row["ref"], _name(row) or row["ref"], row["email"] or row["phone"] or "") for row in found]


def contact(runtime: Runtime, person: str) -> Viewer:
    """The contact whose ref, e-mail or phone is `person`. Raises NurtureError where there is none."""
    with runtime.store.read() as tx:
        row = contacts.by_anything(tx, person, runtime.settings.company.country)
    if row is None:
        raise NurtureError(f"nobody is known as {person!r}; leave --contact out for somebody made up")
    known = variables(runtime, row, None, {}, {})
    del known["trigger"]
    about = row["email"] or row["phone"] or "no address"
    return Viewer(person, _name(row) or row["ref"], about, known, f"contact {person}", row["id"])


def _name(row: Mapping[str, Any]) -> str:
    return " ".join(filter(None, (row["first_name"], row["last_name"])))
