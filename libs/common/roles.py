"""Database roles: one for each service, one for the relay; GRANTs are made from each table's declared writer."""

from sqlalchemy import Connection, Table, text

from libs.common.models import Base

SERVICES = ("ingest", "classify", "publish", "reports")
RELAY = "relay"
APPEND_ONLY = frozenset(
    {
        "audit_checks",
        "audit_days",
        "audit_log",
        "label_history",
        "approvals",
        "publication_revisions",
        "pause_resumptions",
        "situation_entries",
        "snapshots",
        "report_versions",
        "schedule_periods",
        "assignment_progress",
        "evidence_choices",
        "engagement_points",
        "place_months",
        "dataset_versions",
        "register_changes",
    }
)
"""Even their writer may only insert."""


def role_name(service: str) -> str:
    return f"lantoa_{service}"


ALL_ROLES = tuple(role_name(name) for name in (*SERVICES, RELAY))


def ensure_roles(connection: Connection) -> None:
    """Create the roles without a password: they can't log in until one is set."""
    for role in ALL_ROLES:
        connection.execute(
            text(
                f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') "
                f"THEN CREATE ROLE {role} LOGIN; END IF; "
                "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
            )
        )


def privileges(table: Table) -> dict[str, set[str]]:
    """Who may do what with a table: role → privileges. Pure, so that a test can read it."""
    writer, readers = table.info["writer"], table.info["readers"] or SERVICES
    granted: dict[str, set[str]] = {role_name(s): {"SELECT"} for s in readers}
    if writer == "all":
        for service in SERVICES:
            granted.setdefault(role_name(service), set()).update({"SELECT", "INSERT"})
        if table.name != "audit_log":
            granted[role_name(RELAY)] = {"SELECT", "UPDATE", "INSERT"}
        if table.name == "dead_letters":
            for service in SERVICES:
                granted[role_name(service)].add("UPDATE")
        if table.name == "notifications":
            granted[role_name("publish")].add("UPDATE")  # it knows the people, so it sends the mails
    elif writer in SERVICES:
        allowed = {"INSERT"} if table.name in APPEND_ONLY else {"INSERT", "UPDATE", "DELETE"}
        granted.setdefault(role_name(writer), {"SELECT"}).update(allowed)
    return granted


def apply_grants(connection: Connection) -> None:
    """Make the database's GRANTs what the tables declare; run after every migration."""
    connection.execute(text("REVOKE CREATE ON SCHEMA public FROM PUBLIC"))  # open where a database is older than 15
    connection.execute(
        text("DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()); END $$")
    )
    for role in ALL_ROLES:
        connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {role}"))
        connection.execute(text(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}"))
        connection.execute(text(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {role}"))
        connection.execute(text(f"GRANT SELECT ON alembic_version, schema_state TO {role}"))
    for table in Base.metadata.sorted_tables:
        for role, allowed in sorted(privileges(table).items()):
            connection.execute(text(f"GRANT {', '.join(sorted(allowed))} ON {table.name} TO {role}"))
    connection.execute(text("GRANT USAGE ON SEQUENCE feedback_reference_seq TO lantoa_ingest"))
