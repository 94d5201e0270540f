"""What a condition may speak of, where it stands."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from nurture.criteria.tree import Condition, Name
from nurture.model import Field, FieldType

OCCURRED_AT = Field("occurred_at", FieldType.INSTANT, "When it happened.", unknown=False)
ITEM = ("trigger", "item")
SCORE = "score"  # what the points of a score stand behind: `score.interest`
STEP_AT = Field("at", FieldType.INSTANT, "When the step was done.")


@dataclass(frozen=True, slots=True)
class Scope:
    """The names around a condition. `None` says that there is no such thing here:

    `event` is the event being looked at, `trigger` what started the run, `steps` what each step of the
    journey brings back (beside `at`). A trigger's own `where`, segments and scores have no steps: they
    stand outside of a run.
    """

    contact: Mapping[str, Field]
    events: Mapping[str, tuple[Field, ...]] = field(default_factory=dict)
    event: tuple[Field, ...] | None = None
    trigger: tuple[Field, ...] | None = None
    steps: Mapping[str, tuple[Field, ...]] | None = None
    topics: Collection[str] = ()
    journeys: Collection[str] = ()
    segments: Mapping[str, Condition] = field(default_factory=dict)
    message_steps: Collection[str] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)  # other names of events
    scores: Collection[str] = ()
    stages: Collection[str] = ()
    items: bool = False  # the run is of one of a list: `trigger.item.x`

    @property
    def in_run(self) -> bool:
        return self.steps is not None

    def fields_of(self, owner: str) -> Mapping[str, Field] | None:
        """The fields behind `owner.`; None where there is no such owner here."""
        if owner == "contact":
            return self.contact
        if owner == SCORE and self.scores:
            return {name: score_field(name) for name in self.scores}
        if owner in ("event", "trigger"):
            fields = self.event if owner == "event" else self.trigger
            return None if fields is None else _named((OCCURRED_AT, *fields))
        brought = (self.steps or {}).get(owner)
        return None if brought is None else _named((STEP_AT, *brought))

    def of_item(self, name: Name) -> bool:
        """Whether the name is a field of the item, which is of whatever type it is compared with."""
        return self.items and len(name.parts) == 3 and name.parts[:2] == ITEM

    def find(self, name: Name) -> Field | None:
        return (self.fields_of(name.owner) or {}).get(name.last) if len(name.parts) <= 2 else None


def score_field(name: str) -> Field:
    """A score as a field: points that are 0 before the first, never unknown."""
    return Field(name, FieldType.NUMBER, unknown=False)


def _named(fields: tuple[Field, ...]) -> Mapping[str, Field]:
    return {field.name: field for field in fields}
