"""How far the mailbox has been read to which mails come back."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from nurture.store import notes
from nurture.store.engine import Tx

_NAME = "returns"


@dataclass(frozen=True, slots=True)
class Place:
    """UIDs of a folder, as long as its `validity` is the same. `left` are mails that were not understood and that
    nobody has read since."""

    validity: int = 0
    read_to: int = 0
    left: tuple[int, ...] = ()
    folder: str = ""

    def of(self, validity: int, folder: str) -> Place:
        """This place, or the beginning where UIDs are counted anew or the folder is another one."""
        same = (self.validity, self.folder) == (validity, folder)
        return self if same else Place(validity, folder=folder)


def read(tx: Tx) -> Place:
    kept = notes.read(tx, _NAME)
    return Place(**{**kept, "left": tuple(kept["left"])}) if kept else Place()


def keep(tx: Tx, place: Place) -> None:
    notes.keep(tx, _NAME, {**asdict(place), "left": list(place.left)})
