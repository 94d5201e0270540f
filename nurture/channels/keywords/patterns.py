"""Patterns put together from their alternatives, so that they can be read one by one."""

from __future__ import annotations


def one_of(alternatives: str) -> str:
    """Any of these, the first that fits; semicolons stand between them."""
    return f"(?:{'|'.join(_listed(alternatives))})"


def any_of(words: str) -> str:
    """Any of these words, as many as there are, each behind a blank; none, too."""
    return f"(?: {one_of(words)})*"


def _listed(alternatives: str) -> list[str]:
    return [alternative.strip() for alternative in alternatives.split(";")]
