"""`lantoa claims match`: the rules of the service on files."""

from typing import Annotated

import typer

from libs.common.cli.files import open_rows
from libs.common.cli.rows import DataOption, JsonOption, OutOption, Record, answer_rows, read_rows, text_of, told
from services.classify.claims.book import ClaimBook

ClaimsOption = Annotated[str, typer.Option("--claims", help="Các tuyên bố {id,text,verdict} (claims)")]


def register(group: typer.Typer) -> None:
    group.command("match")(match_claims)


def match_claims(claims: ClaimsOption, data: DataOption, out: OutOption, as_json: JsonOption = False) -> None:
    """Gợi ý tuyên bố đã kiểm chứng mà mỗi văn bản có thể nhắc lại (suggest claims a text may repeat)."""
    with told(), open_rows(claims) as rows:
        book = ClaimBook({row["id"]: text_of(row, "text") for row in read_rows(rows)})

    def answer(rows: list[Record]) -> list[Record]:
        found = ((row["id"], book.suggest(text_of(row, "title", ""), text_of(row, "text"))) for row in rows)
        return [
            {"id": row_id, "matches": [{"claim_id": one.claim_id, "score": one.score} for one in matches]}
            for row_id, matches in found
        ]

    answer_rows("Đối chiếu tuyên bố", data, out, as_json, answer)
