"""What many of these tests begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.office import Office, open_office


@pytest.fixture
def office(database: str, tmp_path: Path) -> Iterator[Office]:
    """A workspace with one provider of e-mail, on both databases."""
    made = open_office(database, tmp_path)
    yield made
    made.runtime.close()
