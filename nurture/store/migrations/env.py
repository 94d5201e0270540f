"""Alembic's door: runs the migrations on the connection that `migrate.ensure` opened."""

from alembic import context

from nurture.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
