"""How far what `returns` reads in real mails agrees with what is expected of each.

    python -m tools.bounces FOLDER

FOLDER holds `expected.json` and `mails/`. A mail agrees where all its reasons do, and whether each is hard. The
figures come for all mails, for those whose sender has no rule of its own, and for a third drawn by a seed.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.support.bounces import Compared, What, compare, kept


def main(folder: Path) -> None:
    compared = compare(folder)
    third = kept(each.file for each in compared)
    print(f"{'':34}{'mails':>6}{'agree':>8}{'hardness':>10}")
    for title, part in (
        ("all", compared),
        ("sender without a rule of its own", [each for each in compared if not each.has_rule]),
        ("sender with one", [each for each in compared if each.has_rule]),
        ("the seeded third", [each for each in compared if each.file in third]),
    ):
        print(_line(title, part))
    missed = [each for each in compared if not each.agrees]
    print("\nmissed, by what was expected:")
    for reasons, count in Counter(_words(each.expected) for each in missed).most_common():
        files = ", ".join(
            f"{each.file} ({_words(each.read)})" for each in missed if _words(each.expected) == reasons
        )
        print(f"{count:3} {reasons}: {files}")


def _line(title: str, part: Sequence[Compared]) -> str:
    agree = sum(each.agrees for each in part) / len(part)
    hardness = sum(each.hardness_agrees for each in part) / len(part)
    return f"{title:34}{len(part):6}{agree:8.1%}{hardness:10.1%}"


def _words(what: What) -> str:
    return " + ".join(f"{reason}{' (hard)' if hard else ''}" for reason, hard in sorted(what))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
