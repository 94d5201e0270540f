"""What a message is made with: each value, and where it came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any

from nurture.app import confirming, samples
from nurture.app.previewing.pieces import Piece
from nurture.app.previewing.viewers import Viewer
from nurture.app.runtime import Runtime
from nurture.app.uses import Sent
from nurture.compiler.plan import Plan
from nurture.model import Channel
from nurture.rendering import links
from nurture.rendering.renderer import company_values
from nurture.store import enrollments, events
from nurture.store.engine import Tx

LINK = "a link signed for this message"
LINKS = frozenset(("unsubscribe_url", "preferences_url", "survey.url", "survey.links"))
COMPANY = "nurture.yaml"
SURVEYS = "surveys.yaml"
FOR_ALL = (LINK, COMPANY, SURVEYS)
MOST_MADE_UP = 3


@dataclass
class Scene:
    """Values by name, and their sources by name, or by dotted name where a part has one of its own."""

    values: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)

    def put(self, values: Mapping[str, Any], source: str) -> None:
        self.values |= values
        self.sources |= dict.fromkeys(values, source)


@dataclass(frozen=True, slots=True)
class Variable:
    """A value that a message takes from outside. `state`: "known", "made up", "default" or "empty"."""

    name: str
    shown: str
    source: str
    state: str


def scene(runtime: Runtime, piece: Piece, viewer: Viewer, locale: str, now: datetime) -> Scene:
    """What `piece` is made with for `viewer`."""
    found = Scene()
    found.put({"company": company_values(runtime.settings.company)}, COMPANY)
    if survey := runtime.settings.surveys.get(survey_of(runtime, piece) or ""):
        found.put({"survey": {each.name: getattr(survey, each.name) for each in fields(survey)}}, SURVEYS)
    _put_brought(found, piece.plan, runtime, now)
    if viewer.contact_id is not None and piece.plan is not None:
        with runtime.store.read() as tx:
            _put_lived(found, tx, piece.plan, viewer, now)
    if piece.file == f"{Channel.EMAIL}/{confirming.TEMPLATE}":
        found.put(_of_a_confirmation(runtime), "made up")
    found.put(viewer.known, viewer.source)
    if piece.sent is not None:
        _put_given(found, runtime, piece.sent, viewer, now)
    source = viewer.source if viewer.known.get("locale") == locale else "the language that was chosen"
    found.put({"locale": locale}, source)
    return found


def _of_a_confirmation(runtime: Runtime) -> dict[str, str]:
    topic = next(iter(runtime.settings.topics.values()), None)
    url = f"{runtime.settings.web_url.rstrip('/')}/{links.Purpose.CONFIRM}/..."
    return {"topic": topic.title if topic else "", "confirm_url": url}


def survey_of(runtime: Runtime, piece: Piece) -> str | None:
    """The survey that a mail asks; of one that no step sends the first there is."""
    return (piece.sent.survey if piece.sent else None) or next(iter(runtime.settings.surveys), None)


def _put_brought(found: Scene, plan: Plan | None, runtime: Runtime, now: datetime) -> None:
    """What the trigger and the steps would bring, made up."""
    made = f"made up, as {plan.journey} brings it" if plan else "made up"
    found.put(samples.brought_by(plan, runtime.settings, now), made)
    for step in plan.steps.values() if plan else ():
        if pool := getattr(step, "pool", None):
            name = getattr(step, "save_as", None) or step.id
            found.sources[name] = f"made up, of the pool {pool} (step {step.id})"
        elif step.id in found.values:
            found.sources[step.id] = f"made up, as step {step.id} brings it"


def _put_lived(found: Scene, tx: Tx, plan: Plan, viewer: Viewer, now: datetime) -> None:
    """What her last run really brought; before any, the last event that would have started one."""
    assert viewer.contact_id is not None
    runs = enrollments.of_contact(tx, viewer.contact_id, plan.journey)
    if runs:
        run = runs[-1]
        whose = f"her run of {run['entered_at']:%Y-%m-%d}"
        for name, value in (run["memory"] or {}).items():
            found.put({name: value}, f"step {name} in {whose}")
        ids = [run["trigger_event_id"]] if run["trigger_event_id"] else []
        for event in events.payloads(tx, ids).values():
            _put_event(found, event["name"], event["payload"], event["occurred_at"], whose)
        return
    for name in sorted(plan.trigger.event_names):
        last = events.lasts(tx, name, 1, [viewer.contact_id], now).get(viewer.contact_id)
        if last:
            payload = last[0]
            assert isinstance(payload, dict)
            at = datetime.fromisoformat(str(payload["occurred_at"]))
            _put_event(found, name, payload, at, "her last one")
            return


def _put_event(found: Scene, name: str, payload: Mapping[str, Any], at: datetime, whose: str) -> None:
    trigger = {**payload, "occurred_at": at}
    made_up = {key: value for key, value in found.values["trigger"].items() if key not in trigger}
    found.sources |= {f"trigger.{key}": found.sources["trigger"] for key in made_up}
    found.put({"trigger": {**made_up, **trigger}}, f"event {name} of {at:%Y-%m-%d}, {whose}")


def _put_given(found: Scene, runtime: Runtime, sent: Sent, viewer: Viewer, now: datetime) -> None:
    """What `with` of the step says."""
    found.put(sent.texts, f"'with' of step {sent.step.id}")
    for name, last in sent.lists.items():
        said: list[Any] = []
        if viewer.contact_id is not None:
            with runtime.store.read() as tx:
                said = list(events.lasts(tx, last.event, last.count, [viewer.contact_id], now).values())
        if said:
            found.put({name: said[0]}, f"her last {last.count} {last.event}")
        else:
            one = samples.event(runtime.event_fields.get(last.event, ()), now)
            found.put(
                {name: [one] * min(last.count, MOST_MADE_UP)}, f"made up, {last.event} of step {sent.step.id}"
            )


# --- what is shown of it -----------------------------------------------------------------------


def variables(
    found: Scene, names: Iterable[str], defaults: Mapping[str, str], bare: frozenset[str]
) -> tuple[Variable, ...]:
    """The values that a template takes by name, those last that are the same for everybody. `bare` are those
    printed without a default."""
    made = (_variable(found, name, defaults.get(name), name in bare) for name in sorted(names))
    return tuple(sorted(made, key=lambda each: each.source.startswith(FOR_ALL)))


def _variable(found: Scene, name: str, default: str | None, bare: bool) -> Variable:
    if name in LINKS:
        return Variable(name, "", LINK, "known")
    first = name.partition(".")[0]
    value = _at(found.values, name)
    source = found.sources.get(name) or found.sources.get(first, "nobody gives it")
    if value not in (None, "", [], ()):
        return Variable(name, in_words(value), source, "made up" if source.startswith("made up") else "known")
    if default is not None:
        return Variable(name, default, f"default filter, since it is empty: {source}", "default")
    then = "so the message isn't sent" if bare else "the template goes on without it"
    return Variable(name, "", f"{source}; {then}", "empty")


def _at(values: Any, name: str) -> Any:
    for part in name.split("."):
        values = values.get(part) if isinstance(values, Mapping) else None
    return values


def in_words(value: Any) -> str:
    """A value on one line."""
    match value:
        case datetime():
            return f"{value:%Y-%m-%d %H:%M} UTC"
        case date():
            return value.isoformat()
        case Mapping():
            return ", ".join(f"{name} {in_words(each)}" for name, each in value.items())
        case list() | tuple():
            return "; ".join(in_words(each) for each in value)
    return " ".join(str(value).split())
