"""SMS made with the longest values that people really have: how many segments they may come to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from nurture.app import samples
from nurture.app.runtime import Runtime
from nurture.app.sms_sizes import allowed_segments, saving, too_many
from nurture.app.uses import Sent, sent_by
from nurture.app.workspace import JourneyFile
from nurture.compiler.plan import Plan
from nurture.model import Channel, FieldType
from nurture.problems import NurtureError
from nurture.settings import Settings
from nurture.store import widths
from nurture.store.engine import Tx
from nurture.store.widths import Longest

if TYPE_CHECKING:
    from nurture.rendering.renderer import Rendered

_COUNTED = (FieldType.TEXT, FieldType.NUMBER)  # the others are about as long for everybody
Values = Mapping[str, Any]
_Make = Callable[[Values], "Rendered | None"]


@dataclass(frozen=True, slots=True)
class Worst:
    """The longest that an SMS comes to, and the field of the contact that makes it so; no value of anybody."""

    segments: int
    encoding: str
    characters: int
    field: str | None  # None: the template shows no field
    length: int  # of the field's value; 0: somebody has none, and another text stands there
    signs: str  # there, if they are what keeps the text out of the GSM alphabet
    saving: str | None  # what replacing signs would save of it

    def in_words(self, template: str, allowed: int) -> str:
        """That it takes more segments than it may, and why."""
        said = too_many(template, self.segments, self.encoding, self.characters, allowed)
        if self.field is None:
            return said
        among = f", among them {self.signs}" if self.signs else ""
        has = f"has {self.length} characters{among}" if self.length else "is unknown of some"
        return f"{said}, with the costliest values of people with a phone number: {self.field} {has}"


@dataclass(frozen=True, slots=True)
class TooLong:
    """An SMS of a journey that may take more segments than its channel allows."""

    file: str
    line: int
    template: str
    allowed: int
    worst: Worst
    said: str


@dataclass
class Longests:
    """The longest values of everybody with a phone number. Each field is looked up once."""

    runtime: Runtime
    tx: Tx
    _known: dict[str, Longest | None] = field(default_factory=dict)

    def __call__(self, plan: Plan, sent: Sent) -> Worst | None:
        """The SMS with the values of those that make it longest, what isn't the contact's as in `nurture check`. None
        where nobody has a phone number, and where it can't be made."""
        names = self._shown(sent)
        found = {name: self._of(name) for name in names}
        known = {name: _candidates(longest) for name, longest in found.items() if longest is not None}
        if len(known) < len(names):
            return None
        fields = self.runtime.contact_fields
        least = {name: "x" if fields[name].type is FieldType.TEXT else 0 for name in names}
        return _worst(self._maker(plan, sent), known, least, self.runtime.settings)

    def _shown(self, sent: Sent) -> list[str]:
        """The contact's fields that the template shows."""
        fields = self.runtime.contact_fields
        shown = set()
        for name in self.runtime.renderer.variables(sent.template, sent.channel):
            root, _, inner = name.partition(".")
            shown.add(inner if root == "contact" else root if root not in sent.own else "")
        return sorted(name for name in shown if name in fields and fields[name].type in _COUNTED)

    def _of(self, name: str) -> Longest | None:
        from nurture.rendering import sms  # its package loads Jinja

        if name not in self._known:
            texting = self.runtime.settings.channels.get(Channel.SMS)
            replaced = [sms.replaceable()] if texting is not None and texting.transliterate else []
            alphabets = [sms.ALPHABET, *replaced]
            self._known[name] = widths.longest(self.tx, self.runtime.contact_fields[name], alphabets)
        return self._known[name]

    def _maker(self, plan: Plan, sent: Sent) -> _Make:
        settings = self.runtime.settings
        usual, links = samples.values(plan, settings, sent), samples.links(sent, settings)

        def make(given: Values) -> Rendered | None:
            bare = {name: value for name, value in given.items() if name not in sent.own}
            values = {**usual, **bare, "contact": {**usual["contact"], **given}}
            try:
                return self.runtime.renderer.sms(sent.template, None, values, links)
            except NurtureError:
                return None  # who has this value gets no message

        return make


def _candidates(longest: Longest) -> list[Any]:
    """From the shortest to the longest: of two that make the same text the first is the one that it shows."""
    missing = [None] if longest.missing else []
    return [*missing, *sorted(longest.values, key=lambda value: len(str(value)))]


def _worst(
    make: _Make, known: Mapping[str, Sequence[Any]], least: Values, settings: Settings
) -> Worst | None:
    """Each value with the longest of the other fields, once of any signs and once of the GSM alphabet: one sign outside
    of it makes all of the text longer, so the longest value isn't always the worst."""
    texts = [(made, given) for given in _mixtures(make, known) if (made := make(given)) is not None]
    if not texts:
        return None
    made, given = max(texts, key=lambda each: (each[0].segments or 0, len(each[0].text)))
    name, signs = _cause(make, given, least)
    length = 0 if name is None or given[name] is None else len(str(given[name]))
    counted = (made.segments or 0, made.encoding or "", len(made.text))
    return Worst(*counted, name, length, signs, saving(made, settings))


def _mixtures(make: _Make, known: Mapping[str, Sequence[Any]]) -> Iterator[Values]:
    start = {name: values[-1] for name, values in known.items()}
    yield start
    in_gsm = {name: list(filter(_in_gsm, values)) or values for name, values in known.items()}
    for allowed in (known, in_gsm):
        longest = {
            name: max(values, key=partial(_length, make, start, name)) for name, values in allowed.items()
        }
        for name, values in known.items():
            yield from ({**longest, name: value} for value in values)


def _length(make: _Make, given: Values, name: str, value: Any) -> int:
    made = make({**given, name: value})
    return len(made.text) if made is not None else -1


def _in_gsm(value: Any) -> bool:
    from nurture.rendering import sms

    return sms.count(str(value)).encoding == "GSM-7"


def _cause(make: _Make, given: Values, least: Values) -> tuple[str | None, str]:
    """The field without whose value it would be shortest, and the signs of it that keep the text out of the GSM
    alphabet, if only values have such."""
    if not given:
        return None, ""
    own = _outside(make(least))
    signs = {name: _outside(make({**least, name: value})) - own for name, value in given.items()}

    def without(name: str) -> tuple[int, bool, int]:
        made = make({**given, name: least[name]})
        return (made.segments or 0, not signs[name], len(made.text)) if made else (0, True, 0)

    name = min(given, key=without)
    return name, "" if own else " ".join(sorted(signs[name])[:8])


def _outside(made: Rendered | None) -> set[str]:
    from nurture.rendering import sms

    return set(sms.outside(made.text)) if made is not None else set()


def too_long(runtime: Runtime, files: Sequence[JourneyFile]) -> list[TooLong]:
    """The SMS of these journeys that may take more segments than their channel allows, each template once."""
    allowed, found = allowed_segments(runtime.settings), {}
    with runtime.store.read() as tx:
        worst_of = Longests(runtime, tx)
        for plan, sent in ((file.plan, sent) for file in files for sent in sent_by(file.plan)):
            if sent.channel != Channel.SMS.value or sent.template in found or sent.mark is None:
                continue
            worst = worst_of(plan, sent)
            if worst is not None and worst.segments > allowed:
                said = worst.in_words(sent.template, allowed)
                found[sent.template] = TooLong(
                    sent.mark.file, sent.mark.line, sent.template, allowed, worst, said
                )
    return list(found.values())
