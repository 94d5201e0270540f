"""How far what `returns` reads in real mails agrees with what is expected of each.

    python -m tools.bounces FOLDER
    python -m tools.bounces ARCHIVE...

FOLDER holds `expected.json` and `mails/`. A mail agrees where all its reasons do, and whether each is hard. The
figures come for all mails, for those whose sender has no rule of its own, and for a third drawn by a seed.

An ARCHIVE is a source archive of another bounce reader, with the mails that it is tested with: flufl.bounce (from
PyPI: `pip download --no-deps --no-binary :all: flufl-bounce`) or Mail::DeliveryStatus::BounceParser (from CPAN or
Debian). What is expected of each stands in `bounces_elsewhere.json`, with `|` between what may both be said.
"""

from __future__ import annotations

import json
import sys
import tarfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from tests.support.bounces import Compared, What, compare, kept, named, what

ELSEWHERE = Path(__file__).with_name("bounces_elsewhere.json")


def main(arguments: Sequence[str]) -> None:
    path = Path(arguments[0])
    print(f"{'':34}{'mails':>6}{'agree':>8}{'hardness':>10}{'wrongly hard':>14}{'missed hard':>13}")
    compared = of_folder(path) if path.is_dir() else of_archives([Path(each) for each in arguments])
    missed = [each for each in compared if not each.agrees]
    print("\nmissed, by what was expected:")
    for reasons, count in Counter(_words(each.expected) for each in missed).most_common():
        files = ", ".join(
            f"{each.file} ({_words(each.read)})" for each in missed if _words(each.expected) == reasons
        )
        print(f"{count:3} {reasons}: {files}")


def of_folder(folder: Path) -> list[Compared]:
    compared = compare(folder)
    third = kept(each.file for each in compared)
    for title, part in (
        ("all", compared),
        ("sender without a rule of its own", [each for each in compared if not each.has_rule]),
        ("sender with one", [each for each in compared if each.has_rule]),
        ("the seeded third", [each for each in compared if each.file in third]),
    ):
        print(_line(title, part))
    return compared


def of_archives(archives: Sequence[Path]) -> list[Compared]:
    """Each archive by itself, and all of them."""
    expected = json.loads(ELSEWHERE.read_text())
    found: list[Compared] = []
    for archive in archives:
        part = [one for name, labels in expected.items() for one in _compared(archive, name, labels)]
        if not part:
            sys.exit(f"{archive}: no mails of {' or '.join(expected)} are in this archive")
        print(_line(archive.name[:33], part))
        found += part
    print(_line("all", found))
    return found


def _compared(archive: Path, name: str, labels: Mapping[str, str]) -> Iterator[Compared]:
    for file, raw in _mails(archive, name):
        if file in labels:
            read, allowed = what(raw), [named(each.split("+")) for each in labels[file].split("|")]
            yield Compared(file, read if read in allowed else allowed[0], read)


def _mails(archive: Path, name: str) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as files:
        for member in files:
            path = PurePosixPath(member.name)
            content = files.extractfile(member) if path.parts[0].startswith(name) else None
            if content is not None:
                yield path.name, content.read()


def _line(title: str, part: Sequence[Compared]) -> str:
    agree = sum(each.agrees for each in part) / len(part)
    hardness = sum(each.hardness_agrees for each in part) / len(part)
    wrongly = sum(each.is_hard and not each.should_be_hard for each in part)
    missed = sum(each.should_be_hard and not each.is_hard for each in part)
    return f"{title:34}{len(part):6}{agree:8.1%}{hardness:10.1%}{wrongly:14}{missed:13}"


def _words(what: What) -> str:
    return " + ".join(f"{reason}{' (hard)' if hard else ''}" for reason, hard in sorted(what))


if __name__ == "__main__":
    main(sys.argv[1:])
