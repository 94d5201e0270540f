import pytest
import sqlalchemy as sa

from tests.support import postgres

pytestmark = pytest.mark.postgresql


def _tables(url: str) -> list[str]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    return sa.inspect(engine).get_table_names()


def test_a_fresh_database_is_empty_and_copies_its_template() -> None:
    first = postgres.fresh_database()
    assert _tables(first) == []
    with sa.create_engine(first, poolclass=sa.NullPool).begin() as connection:
        connection.execute(sa.text("CREATE TABLE ana (id int)"))
    assert _tables(postgres.fresh_database(first)) == ["ana"]
    postgres.drop_database(first)


def test_it_is_durable_like_production() -> None:
    url = postgres.migrated_database()
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            assert connection.execute(sa.text(f"SHOW {setting}")).scalar() == "on"
    postgres.drop_database(url)
