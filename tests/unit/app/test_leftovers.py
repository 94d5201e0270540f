"""Files that name somebody who was erased."""

from __future__ import annotations

from pathlib import Path

import pytest

from nurture.app.leftovers import clean_refused, naming, sought

ANA = {
    "ref": "C-4711",
    "email": "ana@example.com",
    "phone": "+5511981234567",
    "first_name": "Ana",
    "last_name": "Souza",
}
NAMED = (
    "ana@example.com",
    "Ana@Example.com",
    "+5511981234567",
    "(11) 98123-4567",
    "11 8123 4567",
    "55 11 98123.4567",
    "ref;C-4711;x",
    "ANA SOUZA",
)
OTHERS = ("ana.b@example.com.br", "11981234568", "119812345670", "C-47110", "XC-4711", "Ana", "Souza")


@pytest.mark.parametrize("text", NAMED)
def test_she_is_named(text: str) -> None:
    assert sought([ANA]).within(f"a,{text},b".encode())


@pytest.mark.parametrize("text", OTHERS)
def test_somebody_else_is_named(text: str) -> None:
    assert not sought([ANA]).within(f"a,{text},b".encode())


def test_a_ref_that_is_an_everyday_word_is_not_looked_for() -> None:
    nobody = dict.fromkeys(ANA, None)
    assert not sought([{**nobody, "ref": "ana"}]).within(b"ana")


def test_every_file_is_looked_through_also_across_its_pieces(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "big.csv").write_bytes(b"x" * ((1 << 20) - 5) + b",ana@example.com")
    (tmp_path / "other.csv").write_text("bruno@example.com")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "old").write_text("ana@example.com")
    assert naming(tmp_path, sought([ANA])) == [tmp_path / "deep" / "big.csv"]
    assert naming(tmp_path, sought([ANA]), [tmp_path / "deep" / "big.csv"]) == []


REFUSED = {
    "people.refused.csv": (
        'ref;note;refused_line;refused_reason\r\nb;"two\nlines";2;why\r\nC-4711;"ana\n";3;why\r\n',
        'ref;note;refused_line;refused_reason\r\nb;"two\nlines";2;why\r\n',
    ),
    "people.refused.jsonl": ('{"ref": "C-4711"}\n{"ref": "b"}\n', '{"ref": "b"}\n'),
}


@pytest.mark.parametrize("name", REFUSED)
def test_her_refused_rows_go_and_the_others_stay(name: str, tmp_path: Path) -> None:
    before, after = REFUSED[name]
    (tmp_path / name).write_bytes(before.encode("utf-8-sig"))
    assert clean_refused(tmp_path / name, sought([ANA]))
    assert (tmp_path / name).read_bytes().decode("utf-8-sig") == after


def test_no_other_file_is_touched(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("ana@example.com")
    assert not clean_refused(path, sought([ANA]))
    assert path.read_text() == "ana@example.com"
