"""Alembic's entry: online only, one linear history, on a connection that `libs.common.migrate` hands over."""

from alembic import context

from libs.common.migrate import include_object
from libs.common.models import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    include_object=include_object,
    compare_type=True,
    compare_server_default=False,
)
with context.begin_transaction():
    context.run_migrations()
