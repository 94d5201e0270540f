"""Writing a file that was asked for."""

from __future__ import annotations

from pathlib import Path


def write(path: Path, text: str, otherwise: str = "name another file") -> None:
    """Write the file, in folders that are made for it. Raises NurtureError where that can't be done."""
    from nurture.problems import NurtureError

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise NurtureError(f"{path} can't be written: {error.strerror}; {otherwise}") from None
