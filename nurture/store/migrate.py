"""Bringing the schema up to date. Alembic is imported only where the revisions differ."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

HEAD = "0016"


def revision(engine: sa.Engine) -> str | None:
    """The revision that the database stands at; None where it is empty."""
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
        return found


def ensure(engine: sa.Engine) -> None:
    """Run the migrations that this database lacks; several processes may call it at once."""
    if revision(engine) == HEAD:
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('nurture.migrate'))"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
