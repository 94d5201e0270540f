"""Files as programs write them: encodings, delimiters, newlines, and what is no CSV at all."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest

from nurture.app.importing import files, refused
from nurture.problems import NurtureError


def cells(path: Path) -> list[dict[str, object]]:
    return [dict(record.cells) for record in files.records(path, files.inspect(path))]


@pytest.mark.parametrize(
    ("content", "encoding", "delimiter"),
    [
        pytest.param("nome,cidade\nAna,São Paulo\n".encode(), "utf-8", ",", id="utf-8"),
        pytest.param(
            "nome;cidade\r\nAna;São Paulo\r\n".encode("utf-8-sig"), "utf-8-sig", ";", id="Excel utf-8"
        ),
        pytest.param("nome;cidade\r\nAna;São Paulo\r\n".encode("cp1252"), "cp1252", ";", id="Excel ansi"),
        pytest.param(
            "nome\tcidade\nAna\tSão Paulo\n".encode("utf-16"), "utf-16", "\t", id="Excel unicode text"
        ),
        pytest.param("nome|cidade\rAna|São Paulo\r".encode(), "utf-8", "|", id="old Mac newlines"),
        pytest.param("sep=;\r\nnome;cidade\r\nAna;São Paulo\r\n".encode(), "utf-8", ";", id="sep line"),
        pytest.param(
            '"no,me";cidade\nAna;São Paulo\n'.replace("no,me", "nome").encode(), "utf-8", ";", id="quoted"
        ),
        pytest.param(
            "\n\nnome,cidade\nAna, São Paulo \n\n".encode(), "utf-8", ",", id="blank lines and spaces"
        ),
    ],
)
def test_a_file_says_how_it_is_written(tmp_path: Path, content: bytes, encoding: str, delimiter: str) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(content)
    shape = files.inspect(path)
    assert (shape.encoding, shape.delimiter) == (encoding, delimiter)
    assert cells(path) == [{"nome": "Ana", "cidade": "São Paulo"}]


def test_packed_files_are_read_as_they_are(tmp_path: Path) -> None:
    plain, packed = tmp_path / "people.csv", tmp_path / "people.csv.gz"
    plain.write_bytes(b"a;b\n1;2\n")
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert cells(packed) == cells(plain)
    assert files.inspect(packed).sha256 == files.inspect(plain).sha256


def test_rows_know_the_line_they_start_on(tmp_path: Path) -> None:
    path = tmp_path / "notes.csv"
    path.write_text('id,note\n1,"two\nlines"\n2,x\n', newline="")
    assert [(r.line, r.cells["note"]) for r in files.records(path, files.inspect(path))] == [
        (2, "two\nlines"),
        (4, "x"),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("a,b\n1,2,3\n", "3 cells under 2 columns", id="too many cells"),
        pytest.param('a,b\n1,"open\n', "quote that isn't closed", id="open quote"),
        pytest.param('a,b\n"x"y,2\n', "cannot be read as CSV", id="text behind a quote"),
        pytest.param(
            'a;b;c\n1;"Ana;ana@x.example\n2;Bia";bia@x.example\n',
            "2 lines that look like rows are one row",
            id="two people in one row",
        ),
    ],
)
def test_a_row_that_cannot_be_read_says_why(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "broken.csv"
    path.write_text(text)
    (record,) = files.records(path, files.inspect(path))
    assert says in (record.problem or "")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        pytest.param("{oops", "is not JSON", id="no JSON"),
        pytest.param('{"a": 1', "is not JSON: Expecting ',' delimiter at character 8", id="cut off"),
        pytest.param("[1]", "not a JSON object", id="a list"),
        pytest.param('{"a": NaN}', "not a JSON number", id="NaN"),
        pytest.param('{"a": ' + "[" * 100_000, "is not JSON", id="nested without end"),
    ],
)
def test_a_line_that_is_no_event_says_why(tmp_path: Path, line: str, says: str) -> None:
    path = tmp_path / "events.ndjson"
    path.write_text('{"a": 1}\n' + line + "\n")
    first, second = files.records(path, files.inspect(path))
    assert first.problem is None
    assert second.line == 2
    assert says in (second.problem or "")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        pytest.param("people.csv", b"", "empty", id="empty"),
        pytest.param("people.csv", b"\n \n", "empty", id="blank"),
        pytest.param("people.xlsx", b"PK\x03\x04rest", "Excel file", id="Excel"),
        pytest.param("people.pdf", b"%PDF-1.7", "PDF", id="PDF"),
        pytest.param("people.csv", b"a,b\n\x00\x01\x02,1\n", "not a text file", id="binary"),
        pytest.param("people.csv.gz", b"a,b\n1,2\n", "gzipped", id="not packed"),
        pytest.param("people.csv", b"Ana;ana@example.com\n", "must name the columns", id="no header"),
    ],
)
def test_what_is_no_table_is_said(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(NurtureError, match=says):
        files.inspect(path)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(NurtureError, match="No such file"):
        files.inspect(tmp_path / "nobody.csv")


def test_the_wrong_encoding_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes("nome\nAna\nJoão\n".encode("cp1252"))
    with pytest.raises(NurtureError, match=r"people.csv:3: is not utf-8"):
        files.inspect(path, encoding="utf-8")
    with pytest.raises(NurtureError, match="no encoding is called 'latin-42'"):
        files.inspect(path, encoding="latin-42")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\xff\xfen\x00\n\x00A\x00\n\x00a", id="UTF-16 that is cut off"),
        pytest.param(b"\xef\xbb\xbfnome\nJo\xe3o\n", id="UTF-8 with Latin-1 added"),
    ],
)
def test_a_file_that_is_not_what_its_first_bytes_say(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(content)
    with pytest.raises(NurtureError, match=r"people\.csv:\d: is not utf-.*export it anew"):
        files.inspect(path)


def test_refused_rows_come_back_as_they_went(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text('name;phone;note\nAna;+551199;"=1+1"\n')
    shape = files.inspect(path)
    (record,) = files.records(path, shape)
    with refused.RefusedFile(refused.beside(path), shape) as out:
        out.write(refused.Refused(record.line, "phone: '+551199' is no phone number of BR", record.cells))
    written = (tmp_path / "people.refused.csv").read_text(encoding="utf-8-sig")
    assert written.splitlines()[0] == "name;phone;note;refused_line;refused_reason;refused_text"
    assert ";'=1+1;" in written, "a spreadsheet must not run what a stranger typed"
    again = cells(tmp_path / "people.refused.csv")
    assert {name: again[0][name] for name in record.cells} == record.cells


@pytest.mark.parametrize(
    ("name", "unreadable"),
    [
        pytest.param(
            "people.csv", ['Bia;"São Paulo;(11) 5555\r\n', "Caio;x\r\n"], id="a quote that is not closed"
        ),
        pytest.param("people.csv", ['Bia;"Rua "das Flores";7"\n'], id="a quote inside"),
        pytest.param("people.csv", ["Bia;Santos;13;=left over\n"], id="more cells than columns"),
        pytest.param("people.ndjson", ['{"name": "Bia", "city": \n'], id="JSON that is cut off"),
    ],
)
def test_what_could_not_be_read_is_kept_as_it_stood(tmp_path: Path, name: str, unreadable: list[str]) -> None:
    path = tmp_path / name
    head = "name;city;note\nAna;Natal;1\n" if path.suffix == ".csv" else '{"name": "Ana"}\n'
    path.write_text(head + "".join(unreadable), encoding="utf-8", newline="")
    for file in (path, refused.beside(path)):  # and when what was refused is imported as it is
        shape = files.inspect(file)
        *_, record = files.records(file, shape)
        with refused.RefusedFile(refused.beside(path), shape) as out:
            out.write(refused.Refused(record.line, record.problem or "again", record.cells, record.text))
        (kept,) = cells(refused.beside(path))
        assert kept["refused_text"].strip() == "".join(unreadable).strip()


def test_a_column_that_a_spreadsheet_would_run_comes_back_as_it_went(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text('email;"=HYPERLINK(""http://evil"")";@x\nana@;1;2\n', encoding="utf-8")
    shape = files.inspect(path)
    (record,) = files.records(path, shape)
    with refused.RefusedFile(refused.beside(path), shape) as out:
        out.write(refused.Refused(record.line, "again", record.cells))
    header = (tmp_path / "people.refused.csv").read_text(encoding="utf-8-sig").splitlines()[0]
    assert next(csv.reader([header], delimiter=";"))[:3] == ["email", '\'=HYPERLINK("http://evil")', "'@x"]
    again = files.inspect(tmp_path / "people.refused.csv")
    assert again.header[:3] == shape.header == ("email", '=HYPERLINK("http://evil")', "@x")
    (kept,) = cells(tmp_path / "people.refused.csv")
    assert {name: kept[name] for name in shape.header} == record.cells


def test_nothing_refused_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("a\n1\n")
    stale = tmp_path / "people.refused.csv"
    stale.write_text("from the last time")
    with refused.RefusedFile(refused.beside(path), files.inspect(path)):
        pass
    assert not stale.exists()
