"""Lengths of time that are given as a number."""

from __future__ import annotations

from datetime import timedelta

import typer


def time_of(number: float, unit: timedelta, option: str) -> timedelta:
    """So many of a unit. Raises BadParameter where that is no length of time: `nan`, `inf`, longer than any calendar."""
    try:
        return number * unit
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{number:g} is no length of time", param_hint=option) from None
