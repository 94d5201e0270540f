"""People are found by a part of their name or address, the one who is named exactly first."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from nurture.store import contacts, tables
from tests.support.shop import open_shop


def test_people_are_found_by_a_part_of_what_names_them(database: str, tmp_path: Path) -> None:
    shop = open_shop(database, tmp_path)
    with shop.runtime.store.read() as tx:

        def found(text: str, limit: int = 8) -> list[str]:
            return [str(row["ref"]) for row in contacts.search(tx, text, limit)]

        assert found("AVI") == ["davi"]
        assert found("bruno@EXAMPLE.com") == ["bruno"]
        assert sorted(found("example.com")) == ["ana", "bruno", "davi"]
        assert len(found("example.com", limit=2)) == 2
        assert found("davi")[0] == "davi"
        assert found("100%") == found("_") == []
    shop.runtime.close()


def test_a_ref_names_a_person_before_an_address_does(one_database: str, tmp_path: Path) -> None:
    shop = open_shop(one_database, tmp_path)
    with shop.runtime.store.begin() as tx:
        for who, known in (("ana", {"email": "davi@shop.example"}), ("davi", {"ref": "davi@shop.example"})):
            tx.execute(sa.update(tables.contacts).where(tables.contacts.c.ref == who).values(known))
        davi = contacts.by_anything(tx, "davi@shop.example")
    shop.runtime.close()
    assert davi is not None
    assert davi["ref"] == "davi@shop.example"
