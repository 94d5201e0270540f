"""What a soak tells at its end: everything that it promises to tell, and an end that is no success where anything is missing."""

from __future__ import annotations

from tests.crash.catching import TRAPS
from tests.crash.scene import Audit
from tests.crash.seen import CELLS, JOBS, LADDER, PERSONAL, PLACES, TABLE, Seen, report
from tests.seeds.plants import PLANTS


def whole() -> Seen:
    """A soak that came everywhere."""
    seen = Seen()
    for cell in TABLE:
        seen.hits[cell] += 1
    seen.audit(Audit(30, 29, (), (), ("k1",), (), (), arrived=1, found_out=2))
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
