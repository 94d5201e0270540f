"""Whoever adds a column says what erasing a person does to it."""

from __future__ import annotations

from nurture.store.tables import metadata
from nurture.store.tables.personal import TREATMENTS, Fate


def test_every_column_of_every_table_has_its_fate() -> None:
    there = {name: set(table.c.keys()) for name, table in metadata.tables.items()}
    declared = {name: set(each.columns) for name, each in TREATMENTS.items()}
    assert declared == there, (
        "say in nurture/store/tables/personal.py what erasing a person does to the column"
    )


def test_no_table_that_leads_to_people_is_taken_for_nobodys() -> None:
    leading = {"contact_id", "enrollment_id", "message_id"}
    for name, each in TREATMENTS.items():
        leads = leading & set(metadata.tables[name].c.keys())
        assert each.of in (leads or {None, "id"}), name


def test_only_what_may_be_null_becomes_null() -> None:
    gone = {
        (name, column)
        for name, each in TREATMENTS.items()
        for column, fate in each.columns.items()
        if fate is Fate.GONE and not each.dropped
    }
    assert [(name, column) for name, column in gone if not metadata.tables[name].c[column].nullable] == []
