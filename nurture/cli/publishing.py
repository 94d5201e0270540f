"""`nurture publish`: what would happen first, and then the real thing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from nurture.cli import tables
from nurture.cli.folder import HERE, Folder, runtime
from nurture.cli.planning import in_words as plan_in_words
from nurture.cli.planning import of_sms

if TYPE_CHECKING:
    from nurture.app.planning import Plan
    from nurture.app.publish import Expected
    from nurture.app.runtime import Runtime
    from nurture.app.workspace import JourneyFile


def register(app: typer.Typer) -> None:
    app.command(short_help="Make journeys live: shows who enters and what it costs, asks.")(publish)


def publish(
    journeys: Annotated[
        list[str] | None, typer.Argument(metavar="JOURNEY", help="Journeys; all if none is named.")
    ] = None,
    workspace: Folder = HERE,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    canary: Annotated[
        str | None,
        typer.Option("--canary", metavar="SHARE", help="Only this share of newcomers enters: '5%'."),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Without the next 30 days.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="For machines: shows it alone, publishes with --yes.")
    ] = False,
) -> None:
    """Make journeys live: shows what changes, who enters now, how many may be messaged, and the messages and cost of
    the first day and, where it asks, of the next 30 days; then asks.

    With --canary only that share of newcomers enters the new version; again with another share it widens, without it
    the version is for everybody. Complaints and hard bounces stop a canary by themselves.
    """
    from nurture.app import planning, publish_checks, worst_values
    from nurture.app import publish as publishing
    from nurture.app.workspace import chosen, load

    share = _share(canary, journeys)
    read = load(workspace)
    files = chosen(read, journeys)
    publish_checks.refuse_mistakes(read, files)
    with runtime(workspace) as opened:
        now = opened.now()
        going_on = [] if journeys else publishing.tried(opened, files)
        files = [file for file in files if file.name not in going_on]
        expected = publishing.expected(opened, files, now, share)
        changed = [each for each in expected if each.change != "unchanged"]
        publish_checks.refuse_differences(opened, read, [each.journey for each in changed], now)
        plans = planning.plan(opened, files, now, ahead=bool(changed) and not (yes or quick))
        begins = {each.journey for each in expected if each.change in publishing.BEGINS}
        beginning = [file for file in files if file.name in begins]
        too_long = worst_values.too_long(opened, beginning)
        if as_json:
            months = {each.journey: each.next_30_days for each in plans if each.next_30_days}
            shown = {"journeys": expected, "next_30_days": months, "too_long": too_long}
            tables.as_json({"published": yes and bool(changed), **shown})
        else:
            currency = opened.settings.company.currency
            said = [*plan_in_words(_told(plans, expected), currency), in_words(expected, currency)]
            said += [_saved(opened, beginning), *map(of_sms, too_long), *_trials(going_on)]
            print("\n\n".join(filter(None, said)))
        if not changed:
            return
        if not yes:
            if as_json:
                return
            _ask(len(changed))
        publishing.publish(opened, files, now, share)
    if not as_json:
        print("Published. Next: `nurture up` runs the journeys, `nurture status` watches them.")


def _saved(opened: Runtime, files: Sequence[JourneyFile]) -> str:
    """What their texts cost less by being written in the GSM alphabet, or would."""
    from nurture.app.sms_sizes import savings

    said = [line for file in files for line in savings(opened.renderer, opened.settings, file.plan)]
    return "\n".join(map(tables.paragraph, dict.fromkeys(said)))


def _told(plans: Sequence[Plan], expected: Sequence[Expected]) -> list[Plan]:
    """The journeys of which there is something to say. A canary does nothing to the people inside."""
    canaries = {each.journey for each in expected if each.change == "canary"}
    shown = [each for each in plans if each.changes or each.next_30_days]
    return [
        replace(each, change="canary", in_flight="pin", moves={}, stranded={})
        if each.journey in canaries
        else each
        for each in shown
    ]


def _trials(going_on: Sequence[str]) -> Iterator[str]:
    if going_on:
        names = ", ".join(going_on)
        yield tables.paragraph(f"Canaries that go on: {names}. To end or widen one, publish it by name.")


def _share(text: str | None, journeys: list[str] | None) -> int | None:
    """In hundredths of a percent; None for everybody."""
    from nurture.digests import WHOLE
    from nurture.options.values import Share

    if text is None:
        return None
    if not journeys:
        raise typer.BadParameter("name the journeys to try", param_hint="--canary")
    try:
        share = Share().of(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--canary") from None
    if not share:
        hint = "0% is nobody; `nurture rollback JOURNEY` ends a canary"
        raise typer.BadParameter(hint, param_hint="--canary")
    return share if share < WHOLE else None


def _ask(count: int) -> None:
    from nurture.problems import NurtureError

    try:
        agreed = typer.confirm(f"Publish {tables.plural(count, 'journey')}?")
    except typer.Abort:  # Ctrl-C, or nobody there to answer
        print()
        raise NurtureError("nothing was published; --yes publishes without asking") from None
    if not agreed:
        print("Nothing was published.")
        raise typer.Exit(1)


def in_words(expected: Sequence[Expected], currency: str) -> str:
    """What publishing would do on the first day."""
    said = []
    behaving = [each for each in expected if each.change in ("new", "changed", "canary")]
    if behaving:
        said.append(_table(behaving, currency))
    notes = [note for each in expected if (note := _note(each))]
    unchanged = [each.journey for each in expected if each.change == "unchanged"]
    if unchanged and behaving:
        notes.append(f"Unchanged: {', '.join(unchanged)}.")
    if unchanged and len(unchanged) == len(expected):
        notes.append("Nothing to publish: everything is live as it stands here.")
    return "\n\n".join([*said, *(["\n".join(map(tables.paragraph, notes))] if notes else [])])


def _table(expected: Sequence[Expected], currency: str) -> str:
    rows = [["journey", "version", "enter", "held out", "may message", "first day"]]
    for each in expected:
        cost = f", {currency} {each.cost:,.2f}" if each.messages else ""
        rows.append(
            [
                each.journey,
                f"{each.number} {each.change}",
                f"{each.enter:,}",
                f"{each.held_out:,}",
                f"{each.may_be_messaged:,}",
                tables.counts(each.messages) + cost,
            ]
        )
    return tables.table(rows, right=(2, 3, 4))


def _note(each: Expected) -> str | None:
    share = f"{(each.share or 0) / 100:g}% of newcomers"
    tried = {
        "canary": f"{each.journey}: {share} enter version {each.number}, the others the version before.",
        "share": f"{each.journey}: {share} enter version {each.number} from now on.",
        "whole": f"{each.journey}: version {each.number} is for everybody who comes from now on.",
        "withdrawn": f"{each.journey}: version {each.number} is for everybody who comes again: the canary ends.",
    }
    if each.change in tried:
        return tried[each.change]
    if each.change == "labels":
        return f"{each.journey}: only its texts change; version {each.number} goes on."
    if each.left_out:
        some = tables.plural(each.left_out, "person matches", "people match")
        return f"{each.journey}: {some} already and will not enter; `backfill: all` would let them."
    return None
