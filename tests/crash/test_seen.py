"""What a soak tells at its end: everything that it promises to tell, and an end that is no success where anything is missing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests import soak
from tests.crash.catching import TRAPS
from tests.crash.scene import Audit
from tests.crash.seen import CELLS, JOBS, LADDER, NO_PROOF, PERSONAL, PLACES, TABLE, Seen, report
from tests.seeds.plants import PLANTS
from tests.support import postgres


def whole() -> Seen:
    """A soak that came everywhere."""
    seen = Seen()
    for cell in TABLE:
        seen.hits[cell] += 1
    seen.audit(Audit(30, 29, (), (), ("k1",), (), (), written=30, arrived=1, found_out=2))
    seen.personal.update({"erase": 2, "help": 1})
    seen.settled, seen.seconds = 3, [0.2, 0.3, 1.1]
    seen.seeds.update({"on SQLite": 24, "on PostgreSQL": 1, "virtual days": 1200})
    seen.caught, seen.caught_by_seed = dict.fromkeys(TRAPS, "at x"), dict.fromkeys(PLANTS, "seed 1")
    return seen


def told(seen: Seen) -> str:
    return " ".join(report(seen, 60).split())


def test_each_point_has_its_hits_by_provider_database_and_workers() -> None:
    said = report(whole(), 60)
    for point in (*JOBS, *LADDER):
        (line,) = (line for line in said.splitlines() if line.startswith(point))
        assert line.count("1 1 1 1") == (len(PLACES) if point in JOBS else 2)
    for point in PERSONAL:
        (line,) = (line for line in said.splitlines() if line.startswith(point))
        assert line.split()[1:] == ["1", "1"]
    assert "too short" not in said


def test_the_totals_are_told() -> None:
    seen, said = whole(), told(whole())
    for each in (
        f"workers killed {seen.kills} in 60 minutes, 30 messages due",
        "of one person 2 erase; 1 help",
        "lost 0",
        "sent twice 0",
        "in doubt 1: 1 of them had arrived; dropped as their steps say. 2 more went again",
        "3 more were settled by receipts",
        "seconds to recover 0.3 (median), 1.1 (worst)",
        "seeds 24 on SQLite, 1 on PostgreSQL, 1,200 virtual days",
        f"bound (3/N, 95 %) under {3 / seen.kills:.2%} of crashes lose or double anything",
        f"{len(TRAPS)} of {len(TRAPS)} planted bugs caught by trials",
        f"{len(PLANTS)} of {len(PLANTS)} planted bugs caught by seeds",
    ):
        assert each in said


def test_what_is_missing_is_told_and_nothing_is_bounded_where_anything_went_wrong() -> None:
    seen = whole()
    del seen.hits[CELLS[0]]
    seen.audit(Audit(1, 0, ("k2",), (), (), (), ()))
    seen.failures.append("python -m tests.soak kill smtp sqlite 2 body.before_reply:7\nlost")
    said = told(seen)
    assert "too short for 1 of the table's" in said
    assert "lost 1" in said
    assert "bound (3/N, 95 %) -" in said
    assert "FAILED: 1 python -m tests.soak kill smtp sqlite 2 body.before_reply:7 lost" in said


def status(seen: Seen, monkeypatch: pytest.MonkeyPatch) -> int:
    """What `make soak` ends with where its lanes have seen this."""
    monkeypatch.setattr("sys.argv", ["soak"])
    monkeypatch.setattr(soak, "_soak", lambda *_: (seen, True))
    monkeypatch.setattr(postgres, "migrated_database", lambda: "")
    return soak.main()


def test_only_a_soak_that_came_everywhere_and_caught_every_bug_is_a_success(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(whole(), monkeypatch) == 0
    assert NO_PROOF not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda seen: seen.failures.append("a case"), "Cases that failed, as told above: 1."),
        (
            lambda seen: seen.hits.pop(CELLS[0]),
            f"The time was too short for 1 of the table's {len(TABLE)} cells.",
        ),
        (lambda seen: seen.caught.pop("no_doubt"), "Planted and not caught: no_doubt by no trial."),
        (
            lambda seen: seen.caught_by_seed.pop("answers_each_call"),
            "Planted and not caught: answers_each_call by no seed.",
        ),
        (
            lambda seen: seen.audit(Audit(1, 0, ("k2",), (), (), (), ())),
            "Something was lost or sent twice.",
        ),
    ],
)
def test_what_falls_short_is_no_success_and_the_last_line_says_why(
    spoil: Callable[[Seen], object],
    why: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    seen = whole()
    spoil(seen)
    assert status(seen, monkeypatch) == 1
    assert capsys.readouterr().out.splitlines()[-2:] == [NO_PROOF, why]
