"""Fields refined to what a city answers for; a tone that speaks of a service; what a model says beside its labels

Revision: 0012; follows 0011. Older code writes labels that this schema refuses, so it may not run beside it.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

FIELDS = (
    "'giao_thong', 'moi_truong', 'dat_dai_xay_dung', 'do_thi', 'y_te', 'giao_duc', 'an_sinh', 'an_ninh_trat_tu', "
    "'chay_no', 'thien_tai', 'hanh_chinh', 'chinh_tri', 'kinh_te', 'van_hoa_du_lich', 'the_thao', "
    "'khoa_hoc_cong_nghe', 'khac'"
)
TONES = "'problem', 'neutral', 'positive'"
FIELD_COLUMNS = (("annotations", "field"), ("stories", "field"), ("feedback_cases", "topic"))


def upgrade() -> None:
    for table, column in FIELD_COLUMNS:
        _replace_check(table, column, FIELDS, _new_field(column))
    _replace_check("annotations", "tone", TONES, "CASE tone WHEN 'negative' THEN 'problem' ELSE tone END")
    op.add_column("annotations", sa.Column("toxicity", sa.Double(), nullable=True))
    op.add_column(
        "annotations", sa.Column("abstained", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False)
    )
    op.add_column(
        "annotations",
        sa.Column("mentions", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
    )
    op.create_check_constraint(op.f("ck_annotations_toxicity"), "annotations", "toxicity BETWEEN 0 AND 1")
    _late_contents()
    op.execute("UPDATE schema_state SET compatible_from = '0012'")


def _late_contents() -> None:
    op.create_table(
        "late_contents",
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("parked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("reason IN ('behind', 'bulk', 'no_model', 'again')", name=op.f("ck_late_contents_reason")),
        sa.PrimaryKeyConstraint("content_id", name=op.f("pk_late_contents")),
    )


def _new_field(column: str) -> str:
    return (
        f"CASE {column} WHEN 'van_hoa' THEN 'van_hoa_du_lich' WHEN 'du_lich' THEN 'van_hoa_du_lich' "
        f"WHEN 'doi_song' THEN 'khac' ELSE {column} END"
    )


def _replace_check(table: str, column: str, members: str, value: str) -> None:
    name = op.f(f"ck_{table}_{column}")
    op.drop_constraint(name, table, type_="check")
    op.execute(f"UPDATE {table} SET {column} = {value}")  # noqa: S608  (names of our own)
    op.create_check_constraint(name, table, f"{column} IN ({members})")
