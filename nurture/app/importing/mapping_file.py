"""Reading a mapping: the YAML file that says which column is what. All mistakes at once, with their place."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from zoneinfo import ZoneInfo

from nurture.app.importing import places
from nurture.app.importing.cells import PROPERTY
from nurture.app.importing.mapping import SEGMENT, ColumnMapping, ConsentRule, Kind, defaults, known_fields
from nurture.app.importing.values import date_reader
from nurture.compiler import yaml_reader
from nurture.model import PERSONAL, Basis, Channel
from nurture.nodes import Mapping, Node, Scalar, Sequence, sort_of
from nurture.problems import Mark, NurtureError, Problem, nearest
from nurture.settings import Settings

HELP = "docs/reference/importing.md"

_KEYS = [
    "import",
    "source",
    "columns",
    "values",
    "zone",
    "country",
    "currency",
    "dates",
    "decimal",
    "encoding",
    "delimiter",
    "consent",
    "events",
    "cancelled",
]
_CONSENT_KEYS = [
    "topics",
    "basis",
    "text_version",
    "how",
    "date",
    "date_from",
    "only_if",
    "yes",
    "no",
    "unless",
    "channel",
    "ip_from",
    "confirmed",
]


def read_mapping(path: Path, settings: Settings) -> ColumnMapping:
    """The mapping in a file. Raises NurtureError with every problem in it."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise NurtureError(f"{path}: {getattr(error, 'strerror', None) or 'is not UTF-8 text'}") from None
    node, problems = yaml_reader.load(text, str(path))
    mapping = _mapping(_Table(node, problems), settings) if node is not None else None
    if problems or mapping is None:
        raise NurtureError(f"{path} is no mapping that can be used", tuple(problems))
    return mapping


@dataclass
class _Table:
    """Takes the keys of one table; what is wrong is collected."""

    node: Node
    problems: list[Problem]
    taken: set[str] = field(default_factory=set)

    def say(self, code: str, message: str, mark: Mark, hint: str | None = None) -> None:
        self.problems.append(Problem(code, message, mark, hint, HELP))

    def _value(self, key: str) -> Node | None:
        self.taken.add(key)
        if not isinstance(self.node, Mapping):
            return None
        found = self.node.get(key)
        return None if isinstance(found, Scalar) and found.is_nothing else found

    def text(self, key: str, check: Callable[[str], object] | None = None) -> str | None:
        """A word; `check` raises ValueError with what is wrong with it."""
        found = self._value(key)
        if found is None:
            return None
        if not isinstance(found, Scalar):
            self.say("N702", f"'{key}' wants one word, not {sort_of(found)}", found.mark)
            return None
        if check:
            try:
                check(found.text)
            except ValueError as error:
                self.say("N703", f"'{key}': {error}", found.mark)
                return None
        return found.text

    def one_of(self, key: str, choices: Collection[str]) -> str | None:
        text = self.text(key)
        if text is None or text in choices:
            return text
        node = self._value(key)
        assert node is not None
        self.say(
            "N703", f"'{key}' is one of {', '.join(choices)}, not '{text}'", node.mark, _meant(text, choices)
        )
        return None

    def words(self, key: str) -> list[Scalar]:
        """A list of words; one alone stands for a list of one."""
        found = self._value(key)
        items: Iterable[Node] = (
            found.items if isinstance(found, Sequence) else [found] if found is not None else []
        )
        words = [item for item in items if isinstance(item, Scalar)]
        for item in items:
            if not isinstance(item, Scalar):
                self.say("N702", f"'{key}' wants a list of words, not {sort_of(item)}", item.mark)
        return words

    def pairs(self, key: str) -> list[tuple[Scalar, Scalar]]:
        """A table of names to words."""
        found = self._value(key)
        if found is None:
            return []
        if not isinstance(found, Mapping):
            self.say("N702", f"'{key}' wants a table of keys, not {sort_of(found)}", found.mark)
            return []
        for name, value in found:
            if not isinstance(value, Scalar):
                self.say("N702", f"'{name.text}' wants one word, not {sort_of(value)}", value.mark)
        return [(name, value) for name, value in found if isinstance(value, Scalar)]

    def lacks(self, key: str) -> bool:
        """Whether nothing is said there."""
        found = self._value(key)
        if isinstance(found, Sequence):
            return not found.items
        return found is None or (isinstance(found, Scalar) and not found.text)

    def table(self, key: str) -> _Table | None:
        found = self._value(key)
        if found is None:
            return None
        if not isinstance(found, Mapping):
            self.say("N702", f"'{key}' wants a table of keys, not {sort_of(found)}", found.mark)
            return None
        return _Table(found, self.problems)

    def done(self, known: Collection[str]) -> None:
        """Everything that was not asked for is a mistake."""
        for name, _ in self.node if isinstance(self.node, Mapping) else ():
            if name.text not in known:
                self.say("N701", f"unknown key '{name.text}'", name.mark, _meant(name.text, known))


def _meant(word: str, choices: Collection[str]) -> str | None:
    near = nearest(word, choices)
    return f"did you mean '{near}'?" if near else None


def _mapping(table: _Table, settings: Settings) -> ColumnMapping | None:
    if not isinstance(table.node, Mapping):
        table.say("N702", f"a mapping is a table of keys, not {sort_of(table.node)}", table.node.mark)
        return None
    table.done(_KEYS)
    kind = table.one_of("import", [each.value for each in Kind])
    if kind is None:
        if "import" not in table.node:
            table.say(
                "N704", "say what is imported: `import: contacts`, `orders` or `events`", table.node.mark
            )
        return None
    base = defaults(Kind(kind), settings, {})
    columns, values = _fields(table, base, "columns"), _fields(table, base, "values")
    country = table.text("country", places.country)
    dates = table.text("dates", lambda text: date_reader(text, None))
    return replace(
        base,
        columns=columns or (SEGMENT if base.kind is Kind.EVENTS else {}),
        values=values,
        source=table.text("source") or base.source,
        zone=table.text("zone", _zone) or base.zone,
        country=places.country(country) if country else base.country,
        currency=table.text("currency") or base.currency,
        dates=dates,
        month_first=_month_first(dates) if dates else base.month_first,
        decimal=table.one_of("decimal", (",", ".")),
        encoding=table.text("encoding"),
        delimiter=_sign(table.text("delimiter", _one_sign)),
        consent=_consent(table, settings),
        names={**base.names, **{name.text: value.text for name, value in table.pairs("events")}},
        cancelled=_folded(table, "cancelled"),
    )


def _fields(table: _Table, base: ColumnMapping, key: str) -> dict[str, str]:
    """Our fields on the left, checked; what stands on the right is the file's."""
    known = known_fields(base.kind, base.own_fields)
    found: dict[str, str] = {}
    for name, value in table.pairs(key):
        if name.text in known or (base.kind is Kind.EVENTS and name.text.startswith(PROPERTY)):
            found[name.text] = value.text
        else:
            table.say(
                "N705",
                f"{base.kind} have no field '{name.text}'; your own are declared in fields.yaml",
                name.mark,
                _meant(name.text, known),
            )
    return found


def _consent(outer: _Table, settings: Settings) -> ConsentRule | None:
    table = outer.table("consent")
    if table is None:
        return None
    table.done(_CONSENT_KEYS)
    topics = table.words("topics")
    for topic in topics:
        if topic.text not in settings.topics:
            table.say(
                "N706", f"unknown topic '{topic.text}'", topic.mark, _meant(topic.text, settings.topics)
            )
    basis = table.one_of("basis", [each.value for each in Basis])
    version, how = table.text("text_version"), table.text("how")
    for name, value in (("topics", topics), ("basis", basis), ("text_version", version), ("how", how)):
        if not value and table.lacks(name):
            table.say("N704", f"consent needs '{name}': it is what a message later rests on", table.node.mark)
    channel = table.one_of("channel", [each.value for each in PERSONAL])
    return ConsentRule(
        topics=tuple(topic.text for topic in topics),
        basis=Basis(basis or Basis.CONSENT),
        text_version=version or "",
        how=how or "",
        date=table.text("date", date_reader("iso", None)),
        date_from=table.text("date_from"),
        only_if=_only_if(table),
        unless=table.text("unless"),
        yes=_folded(table, "yes"),
        no=_folded(table, "no"),
        channel=Channel(channel) if channel else None,
        ip_from=table.text("ip_from"),
        confirmed=table.one_of("confirmed", ("true", "false")) == "true",
    )


def _only_if(table: _Table) -> str | None:
    column = table.text("only_if")
    for key in ("yes", "no"):
        if column is None and isinstance(table.node, Mapping) and key in table.node:
            table.say("N704", f"'{key}' needs 'only_if': the column whose words it lists", table.node.mark)
    return column


def _folded(table: _Table, key: str) -> frozenset[str]:
    return frozenset(word.text.casefold() for word in table.words(key))


def _month_first(pattern: str) -> bool:
    lowered = pattern.lower()
    return (
        "dd" in lowered
        and "mm" in lowered
        and lowered.index("mm") < lowered.index("dd")
        and lowered[0] == "m"
    )


def _zone(text: str) -> None:
    if text not in places.zones():
        raise ValueError(f"'{text}' is not a time zone like America/Sao_Paulo")
    ZoneInfo(text)


def _one_sign(text: str) -> None:
    if len(text) != 1 and text != "tab":
        raise ValueError("the sign between columns, like ',' or ';' or tab")


def _sign(text: str | None) -> str | None:
    return "\t" if text == "tab" else text
