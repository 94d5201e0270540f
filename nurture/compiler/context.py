"""What a journey is compiled against: the words that its workspace knows. Published with its text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from nurture import vocabulary
from nurture.criteria import Condition, parse_all
from nurture.model import PERSONAL, Field, FieldType, Route

TEMPLATE_SORTS = (*(each.value for each in PERSONAL), "task")


@dataclass(frozen=True, slots=True)
class CompileContext:
    """The workspace's own words, beside those that the product knows. `templates` are names by channel."""

    fields: Mapping[str, Field] = field(default_factory=dict)
    events: Mapping[str, tuple[Field, ...]] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    topics: tuple[str, ...] = ()
    pools: tuple[str, ...] = ()
    surveys: tuple[str, ...] = ()
    journeys: tuple[str, ...] = ()
    templates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stages: tuple[str, ...] = ()
    scores: tuple[str, ...] = ()
    segments: Mapping[str, str] = field(default_factory=dict)  # their conditions
    routes: Mapping[str, tuple[Route, ...]] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()  # where webhooks may go
    places: tuple[str, ...] = ()  # where colleagues chat

    @property
    def contact_fields(self) -> dict[str, Field]:
        return vocabulary.contact_fields(self.fields)

    @property
    def event_fields(self) -> dict[str, tuple[Field, ...]]:
        return vocabulary.event_fields(self.events)

    @property
    def event_aliases(self) -> dict[str, str]:
        return {**vocabulary.EVENT_ALIASES, **self.aliases}

    @property
    def segment_conditions(self) -> dict[str, Condition]:
        return parse_all(self.segments)

    @property
    def names(self) -> dict[str, tuple[str, ...]]:
        """The words of each sort."""
        return {
            "topic": self.topics,
            "event": tuple(self.event_fields),
            "coupon pool": self.pools,
            "survey": self.surveys,
            "stage": self.stages,
            "score": self.scores,
            "segment": tuple(self.segments),
            "journey": self.journeys,
            "route": tuple(self.routes),
            "webhook host": self.hosts,
            "place for notes": self.places,
            **{f"{sort} template": self.templates.get(sort, ()) for sort in TEMPLATE_SORTS},
        }

    def to_json(self) -> dict[str, Any]:
        return {
            "fields": [_field_to_json(each) for each in self.fields.values()],
            "events": {
                name: [_field_to_json(each) for each in fields] for name, fields in self.events.items()
            },
            "aliases": dict(self.aliases),
            "topics": list(self.topics),
            "pools": list(self.pools),
            "surveys": list(self.surveys),
            "journeys": list(self.journeys),
            "templates": {sort: list(names) for sort, names in self.templates.items()},
            "stages": list(self.stages),
            "scores": list(self.scores),
            "segments": dict(self.segments),
            "hosts": list(self.hosts),
            "places": list(self.places),
            "routes": {name: [asdict(each) for each in ways] for name, ways in self.routes.items()},
        }

    @classmethod
    def from_json(cls, json: Mapping[str, Any]) -> CompileContext:
        fields = [_field_from_json(each) for each in json["fields"]]
        return cls(
            fields={each.name: each for each in fields},
            events={name: tuple(map(_field_from_json, each)) for name, each in json["events"].items()},
            aliases=json["aliases"],
            topics=tuple(json["topics"]),
            pools=tuple(json["pools"]),
            surveys=tuple(json["surveys"]),
            journeys=tuple(json["journeys"]),
            templates={sort: tuple(names) for sort, names in json["templates"].items()},
            stages=tuple(json.get("stages", ())),
            scores=tuple(json.get("scores", ())),
            segments=json.get("segments", {}),
            hosts=tuple(json.get("hosts", ())),
            places=tuple(json.get("places", ())),
            routes={
                name: tuple(Route(each["when"], tuple(each["to"])) for each in ways)
                for name, ways in json.get("routes", {}).items()
            },
        )


def _field_to_json(one: Field) -> dict[str, Any]:
    return {
        "name": one.name,
        "type": one.type.value,
        "doc": one.doc,
        "scale": one.scale,
        "personal": one.personal,
        "unknown": one.unknown,
        "example": one.example,
    }


def _field_from_json(json: Mapping[str, Any]) -> Field:
    return Field(**{**json, "type": FieldType(json["type"])})
