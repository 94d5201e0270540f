"""`nurture explain` in words: what happened to a person, why, and what was seen then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from nurture.cli import tables

if TYPE_CHECKING:
    from nurture.app.explain import Line, Message, NotIn, RunStory, Story

# Reasons that say themselves less well; the others are their code with spaces.
_REASONS = {
    "message.written": "message written",
    "message.under_way": "its message is under way",
    "message.accepted": "accepted by the provider",
    "message.refused": "did not get out",
    "message.in_doubt": "handed over, but the answer was lost",
    "wait.until": "waits",
    "wait.over": "the wait is over",
    "wait.unknown": "its date is unknown: no wait",
    "notify.written": "a colleague is written to",
    "notify.no_owner": "nobody to write to: she has no owner",
    "assign.done": "is given an owner",
    "assign.kept": "keeps her owner",
    "assign.nobody": "no way of the rule fits: no owner",
    "start.asked": "starts the other journey",
    "start.too_deep": "journeys start one another in a circle: no further",
    "repeat.pass": "begins a pass",
    "repeat.until": "no further pass: its until holds",
    "repeat.waiting": "waits for the next pass",
    "on_date.until": "waits for its date",
    "on_date.reached": "its date has come",
    "on_date.past": "its date is past already",
    "on_date.unknown": "its date is unknown",
    "wait_for.waiting": "waits",
    "wait_for.timeout": "waited in vain",
    "coupon.issued": "coupon given",
    "coupon.pool_exhausted": "the pool has no free code",
    "coupon.no_pool": "the workspace has no such pool any more",
    "webhook.written": "call written",
    "webhook.under_way": "its call is under way",
    "webhook.done": "called, and answered",
    "webhook.failed": "the call did not get through",
    "webhook.in_doubt": "called, but the answer was lost",
    "task.opened": "task opened",
    "update.done": "updated",
    "in_flight.migrate": "goes on in the new version",
    "in_flight.drain": "leaves when this step is done: there is a new version",
    "in_flight.eject": "leaves: there is a new version",
    "by_hand": "leaves: somebody took her out",
    "erased": "she was erased",
    "exit.step": "ended here",
    "exit.when": "leaves: an exit's condition holds",
    "merged": "ended: she is one with somebody, and one run of a journey is enough",
    "exit.restarted": "ended: its trigger came again, and a new run took its place",
    "exit.after": "leaves: a run may last no longer",
}
# Why a message was refused, where no provider said so.
REFUSED = {"unfit": "could not be made of its template", "gave_up": "given up after a day of tries"}
SKIPPED = {
    "no_address": "no address",
    "suppressed": "the address is suppressed",
    "do_not_disturb": "her number is on a do-not-disturb list",
    "no_consent": "no consent",
    "no_opt_in": "no yes to WhatsApp by its name",
    "window_closed": "no message from her within 24 hours, and WhatsApp then takes only approved templates",
    "send_if": "its send_if does not hold",
    "expired": "it came too late",
    "elapsed": "its time went by before the person entered",
    "cap": "the cap is reached",
    "pool_exhausted": "the pool has no free code",
    "no_pool": "the workspace has no such pool any more",
}


def story(told: Story, zone: str, now: datetime) -> Iterator[str]:
    """One paragraph for each run, for each journey that she is not in, and what is recorded of her."""
    yield f"{told.ref}: {tables.plural(len(told.runs), 'run')}; times in {zone}{_clock(told, zone)}"
    if told.merged:
        yield f"one with {', '.join(told.merged)}"
    for run in told.runs:
        yield "\n".join(_run(run, zone, now))
    if told.messages:
        lines = (tables.paragraph(_message(message, zone, now), 2) for message in told.messages)
        yield "\n".join(["of no journey", *lines])
    for outside in told.not_in:
        yield "\n".join(_not_in(outside))
    if told.consents:
        yield "\n".join(["consent", *_consents(told.consents, zone, now)])
    if told.suppressed:
        yield f"not written to: {', '.join(told.suppressed)}"
    if told.do_not_disturb:
        yield "\n".join(_listed(told.do_not_disturb, zone, now))
    if not told.runs and not told.not_in:
        yield "No journey is published. Next: nurture publish"


def _clock(told: Story, zone: str) -> str:
    """Whose clock binds her messages, where it isn't the company's."""
    if told.zone == zone:
        return ""
    source = "" if told.zone_source == "given" else f" (by her {told.zone_source.replace('_', ' ')})"
    return f"\nher clock: {told.zone}{source}"


def _listed(lists: Sequence[Mapping[str, Any]], zone: str, now: datetime) -> Iterator[str]:
    """The do-not-disturb lists that keep advertising from her phone."""
    yield "no advertising by SMS or WhatsApp"
    for each in lists:
        since, file = tables.when(each["since"], zone, now), f" ({each['file']})" if each["file"] else ""
        yield tables.paragraph(f"on the list {each['name']} since {since}{file}", 2)


def _run(run: RunStory, zone: str, now: datetime) -> Iterator[str]:
    status = "in the control group: recorded, never touched" if run.status == "held_out" else run.status
    state = f"{status}: {reason(run.exit_reason)}" if run.exit_reason else status
    entered = tables.when(run.entered_at, zone, now)
    by = f" by '{run.trigger_name}'" if run.trigger_name else ""
    of = f" for {run.key}" if run.key else ""
    late = f", let in {tables.when(run.enrolled_at, zone, now)}" if run.enrolled_at else ""
    yield tables.paragraph(f"{run.journey}, version {run.version}: entered {entered}{by}{of}{late}; {state}")
    for line in run.lines:
        yield from _line(line, zone, now)
    if run.step:
        again = f", looked at again {tables.when(run.due_at, zone, now)}" if run.due_at else ""
        yield tables.paragraph(f"stands at {run.step!r}{again or ' until what it waits for comes'}", 2)
    for message in run.messages:
        yield tables.paragraph(_message(message, zone, now), 2)


def _line(line: Line, zone: str, now: datetime) -> Iterator[str]:
    said = f"{tables.when(line.at, zone, now)}  {line.step or '-'}: {reason(line.reason)}  ({line.place})"
    yield tables.paragraph(said, 2)
    for atom in line.seen:
        yield atom_in_words(atom["if"], atom["is"], atom["with"])


def reason(code: str) -> str:
    """A reason code in words."""
    if code in _REASONS:
        return _REASONS[code]
    for start, words in (
        ("message.skipped.", "skipped"),
        ("webhook.skipped.", "not called"),
        ("coupon.skipped.", "no coupon"),
        ("wait_for.not_sent.", "its message never went out"),
    ):
        if code.startswith(start):
            why = code.removeprefix(start)
            return f"{words}: {SKIPPED.get(why, why.replace('_', ' '))}"
    if code.startswith("message.written.arm."):
        return f"message written, arm '{code.removeprefix('message.written.arm.')}' of its A/B test by the shares"
    if code.startswith("message.written.winner."):
        return (
            f"message written, arm '{code.removeprefix('message.written.winner.')}', which won its A/B test"
        )
    if code.startswith("message.written.instead."):
        return f"message written, by {code.removeprefix('message.written.instead.')}: a cap left no room for the first"
    if code.startswith("message.written."):
        return f"message written, by {code.removeprefix('message.written.')}"
    if code.startswith("exit.event."):
        return f"leaves: {code.removeprefix('exit.event.')} happened"
    if code.startswith("split."):
        return f"is given '{code.removeprefix('split.')}'"
    if code.startswith("branch."):
        return f"takes '{code.removeprefix('branch.').replace('.', ' ')}'"
    if code.startswith("wait_for."):
        return f"came: {code.removeprefix('wait_for.')}"
    return code


def atom_in_words(text: str, value: bool, seen: Mapping[str, Any]) -> str:
    """A test, whether it holds, and the values that it saw."""
    return tables.paragraph(f"{'yes' if value else 'no'}: {text}{_values(seen)}", 6)


def _values(seen: Mapping[str, Any]) -> str:
    shown = ", ".join(f"{name} is {'unknown' if value is None else value}" for name, value in seen.items())
    return f" ({shown})" if shown else ""


def _message(message: Message, zone: str, now: datetime) -> str:
    waits = message.state in ("scheduled", "deferred")
    state = f"{message.state} for {tables.when(message.due_at, zone, now)}" if waits else message.state
    why = REFUSED.get(message.reason or "", (message.reason or "").replace("_", " "))
    facts = [state + (f" ({why})" if why else "")]
    facts += [word for word, at in (("opened", message.opened_at), ("clicked", message.clicked_at)) if at]
    if message.consent_id:
        facts.append(f"rests on consent record {message.consent_id}")
    return f"message {message.id}, {message.channel} {message.template}: {', '.join(facts)}"


def _not_in(outside: NotIn) -> Iterator[str]:
    said = f"{outside.journey}, version {outside.version}: not entered: {outside.why}  ({outside.place})"
    yield tables.paragraph(said)
    for text, value, seen in outside.truth.atoms if outside.truth else ():
        yield atom_in_words(text, value, seen)


def _consents(records: tuple[Mapping[str, Any], ...], zone: str, now: datetime) -> Iterator[str]:
    for record in records:
        yes = "yes" if record["given"] else "no"
        text = f", text {record['text_version']}" if record["text_version"] else ""
        on = f" by {record['channel']}" if record["channel"] else ""
        at = tables.when(record["occurred_at"], zone, now)
        said = (
            f"{record['id']}: {yes} to {record['topic']}{on}, {at}, {record['how']}, {record['basis']}{text}"
        )
        facts = [*recorded(record), *_confirmation(record, zone, now)]
        yield tables.paragraph(said + "".join(f", {fact}" for fact in facts), 2)


def _confirmation(record: Mapping[str, Any], zone: str, now: datetime) -> Iterator[str]:
    """Of a yes that waits for its person, how far it has come."""
    if not record["pending"]:
        return
    asked = record["asked_at"]
    yield (
        f"asked {tables.when(asked, zone, now)} to confirm it" if asked else "to be confirmed, and not asked"
    )
    yield f"confirmed by {record['confirmed_by']}" if record["confirmed_by"] else "not confirmed"


def recorded(record: Mapping[str, Any]) -> Iterator[str]:
    """Who or what recorded a consent, from which network it came, and by which message; nothing of what isn't known."""
    kind, _, name = (record["recorded_by"] or "").partition(":")
    match kind:
        case "person":
            yield "recorded by herself"
        case "user":
            yield f"recorded by {name}"
        case "provider":
            yield f"told by {name}"
        case "journey":
            journey, _, step = name.partition("/")
            yield f"recorded by step '{step}' of {journey}"
    if record["message_id"] is not None:
        yield f"from message {record['message_id']}"
    if record["ip"]:
        yield f"IP {record['ip']}"
