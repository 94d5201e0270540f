"""What an answer may ask for."""

from __future__ import annotations

from enum import StrEnum


class Meaning(StrEnum):
    """What an answer asks for; where it asks for several things, the first of these counts."""

    STOP = "stop"
    START = "start"
    HELP = "help"
