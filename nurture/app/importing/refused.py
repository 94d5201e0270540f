"""The rows that were not taken, in a file beside the import: put right, it can be imported itself."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from nurture.app.importing.files import Shape

# A spreadsheet runs cells that begin so as formulas; the reader takes the apostrophe off again.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = ("refused_line", "refused_reason", "refused_text")


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that was not taken, and why. One that could not be read is here with its `text`, as it stands in the
    file."""

    line: int
    reason: str
    cells: Mapping[str, Any]
    text: str | None = None


class RefusedFile:
    """Written as the file that was imported, with the line and the reason added, and what could not be read. Only there
    if needed."""

    def __init__(self, path: Path, shape: Shape) -> None:
        self.path, self.shape = path, shape
        self._out: IO[str] | None = None

    def __enter__(self) -> RefusedFile:
        self.path.unlink(missing_ok=True)  # of an earlier import
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._out:
            self._out.close()

    def write(self, refused: Refused) -> None:
        # a row that is refused once more keeps what it came with
        text = refused.text or str(refused.cells.get(COLUMNS[-1]) or "")
        if self.shape.is_json:
            why = dict(zip(COLUMNS, (refused.line, refused.reason, text), strict=True))
            row = {**refused.cells, **{name: value for name, value in why.items() if value != ""}}
            self._opened().write(json.dumps(row, ensure_ascii=False) + "\n")
        else:
            cells = [_safe(str(refused.cells.get(name, ""))) for name in self._names()]
            self._csv().writerow([*cells, refused.line, _safe(refused.reason), _safe(text)])

    def _names(self) -> list[str]:
        return [name for name in dict.fromkeys(self.shape.header) if name not in COLUMNS]

    def _csv(self) -> Any:
        fresh = self._out is None
        writer = csv.writer(self._opened(), delimiter=self.shape.delimiter or ",")
        if fresh:
            writer.writerow([*map(_safe, self._names()), *COLUMNS])
        return writer

    def _opened(self) -> IO[str]:
        if self._out is None:
            # Excel takes a CSV for UTF-8 only by this mark.
            encoding = "utf-8" if self.shape.is_json else "utf-8-sig"
            self._out = self.path.open("w", encoding=encoding, newline="", errors="backslashreplace")
        return self._out


def beside(path: Path) -> Path:
    """`people.csv.gz` has its refused rows in `people.refused.csv`."""
    plain = path.with_suffix("") if path.suffix == ".gz" else path
    return plain.with_name(f"{plain.stem}.refused{plain.suffix}")


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell
