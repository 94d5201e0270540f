"""Going on after something went wrong: a channel that stopped by itself, a database from a backup."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click
import typer

from nurture.cli import tables
from nurture.cli.folder import Folder, runtime

if TYPE_CHECKING:
    from nurture.app.restoring import Lost


def resume_channel(workspace: Folder, channel: str) -> None:
    """Let a channel's marketing go on that had stopped by itself."""
    from nurture.app import breakers

    with runtime(workspace) as opened:
        breakers.go_on(opened, channel, opened.now())
    print(f"Marketing by {channel} goes on. What came back until now is not held against it again.")


def after_restore(workspace: Folder, word: str | None) -> None:
    """Park what may have been sent after the backup, show it, and do with it as somebody says."""
    from nurture.app import restoring

    with runtime(workspace) as opened:
        now, zone = opened.now(), opened.settings.company.zone
        lost = restoring.park(opened, now)
        print(tables.paragraph(_backup_in_words(lost, zone, now)))
        for journey, count in lost.held:
            print(tables.paragraph(_held_in_words(journey, count)))
        if not lost.count:
            print("Nothing is parked. Next: nurture up")
            return
        rows = [["journey", "channel", "may have been sent"]]
        rows += [[journey or "-", channel, f"{count:,}"] for journey, channel, count in lost.parked]
        print(tables.table(rows, right=(2,)))
        word = word or _asked(lost.count)
        if word == "send":
            print(
                f"{tables.plural(restoring.send(opened), 'message')} will be sent, some perhaps a second time."
            )
        elif word == "drop":
            print(
                f"{tables.plural(restoring.drop(opened, now), 'message')} left out. `nurture doubts` lists what is in doubt."
            )
        else:
            print(
                tables.paragraph(
                    "They stay in doubt: `nurture doubts` lists them, and this command asks again."
                )
            )


def _backup_in_words(lost: Lost, zone: str, now: datetime) -> str:
    from nurture.app.status import in_words

    if lost.last_sign is None:
        return "This database knows of nothing that ever happened."
    if lost.since is not None:
        return (
            f"Parked {tables.when(lost.since, zone, now)}; journeys have run since. If you have put back another backup "
            "meanwhile, decide about these first, then give this command again."
        )
    ago = in_words(now - lost.last_sign)
    said = f"The last that this database knows of is {tables.when(lost.last_sign, zone, now)}, {ago} ago."
    if lost.found:
        said += f" Providers were asked: {lost.found:,} had been sent."
    if lost.absent:
        said += f" {lost.absent:,} had not: they will be sent."
    return said


def _held_in_words(journey: str, count: int) -> str:
    return (
        f"In this copy '{journey}' is paused, and {tables.plural(count, 'message')} of it due. If it was resumed after "
        f"the backup, they have been sent: `nurture resume {journey} --overdue skip` leaves them out."
    )


def _asked(count: int) -> str:
    """What somebody wants done with so many messages: `send`, `drop` or `leave`."""
    from nurture.problems import NurtureError

    question = f"{tables.plural(count, 'message')}: send, drop or leave them?"
    try:
        said: str = typer.prompt(question, default="leave", type=click.Choice(["send", "drop", "leave"]))
    except typer.Abort:
        print()
        raise NurtureError("they stay in doubt; --send or --drop decides without asking") from None
    return said
