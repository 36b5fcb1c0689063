"""`lantoa models build|judge|retrain` and `lantoa content explain`: the shipped model, made, measured and made anew."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from libs.common.cli.main import group
from services.classify.adapters.base import Document
from services.classify.adapters.linear import DEFAULT, LinearClassifier
from services.classify.learner.storage import ModelBroken, card_of, save
from services.classify.models import cards, explaining, judging, retraining, texts, training

FolderOption = Annotated[Path, typer.Option("--model", help="Thư mục mô hình (model directory)")]
FrozenOption = Annotated[Path, typer.Option("--frozen", help="Thư mục văn bản thử đã khóa (frozen texts)")]
OutsideOption = Annotated[Path | None, typer.Option("--outside", help="Thư mục báo thật (real press, to measure on)")]
OutOption = Annotated[Path, typer.Option("--out", help="Nơi ghi mô hình mới (where the new model goes)")]
JsonOption = Annotated[bool, typer.Option("--json", help="Kết quả dạng JSON (result as JSON)")]

TextsOption = Annotated[Path, typer.Option("--texts", help="Thư mục văn bản học (training texts)")]

_screen = Console(stderr=True)
FROZEN = Path("tests/classify/frozen")
WORSE = 3


def register(app: typer.Typer) -> None:
    """Add the verbs of the shipped model to the `lantoa` command."""
    group(app, "models").command("build")(build_model)
    group(app, "models").command("judge")(judge_model)
    group(app, "models").command("retrain")(retrain_model)
    group(app, "content").command("explain")(explain_text)


def build_model(out: OutOption = DEFAULT, folder: TextsOption = texts.FOLDER, as_json: JsonOption = False) -> None:
    """Học lại mô hình đi kèm từ văn bản của dự án (train the shipped model from the project's texts)."""
    learnt = texts.examples(folder)
    outcome = training.train(learnt, say=_screen.print)
    card = save(outcome.model, out, cards.card_for(outcome, learnt, datetime.now(UTC).date()))
    cards.write_readable(card, out)
    typer.echo(json.dumps({"version": card["version"], "out": str(out)}) if as_json else f"{card['version']} → {out}")


def judge_model(
    model: FolderOption = DEFAULT,
    frozen: FrozenOption = FROZEN,
    outside: OutsideOption = None,
    as_json: JsonOption = False,
) -> None:
    """Đo mô hình trên văn bản thử đã khóa, ghi vào thẻ (measure on frozen texts, write the figures into the card)."""
    classifier = _opened(model)
    card: dict[str, Any] = {**card_of(model), "frozen": judging.judge(classifier, frozen)}
    if outside:
        card["outside"] = judging.judge_outside(classifier, outside)
    (model / "card.json").write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    cards.write_readable(card, model)
    if as_json:
        typer.echo(json.dumps({"frozen": card["frozen"], "outside": card.get("outside")}, ensure_ascii=False))
        return
    for head in ("field", "kind", "tone"):
        one = card["frozen"][head]
        typer.echo(
            f"{head}: macro-F1 {one['macro_f1']:.3f} (always {one['macro_f1_always']:.3f}), said {one['coverage']:.1%}"
        )
        _screen.print(_figures(one["labels"]))
    _screen.print(_figures(card["frozen"]["risk"]))
    typer.echo(json.dumps({key: card["frozen"][key] for key in ("ordinary", "toxicity", "criticism")}))
    for name, told in card.get("outside", {}).items():
        typer.echo(f"{name}: {told['accuracy']:.1%} of {told['texts']}, {told['accuracy_where_said']:.1%} where said")


def retrain_model(
    out: OutOption, model: FolderOption = DEFAULT, folder: TextsOption = texts.FOLDER, as_json: JsonOption = False
) -> None:
    """Học lại với các nhãn người đã sửa; từ chối mô hình kém hơn (with corrections; a worse one is refused)."""
    present = _opened(model)
    corrections, names = retraining.stored_corrections()
    found = retraining.retrain(present, corrections, texts.examples(folder), say=_screen.print, names=names)
    if as_json:
        typer.echo(json.dumps(found.as_dict(), ensure_ascii=False))
    else:
        _screen.print(_compared(found))
    if found.worse:
        typer.echo("Mô hình mới kém hơn, không ghi. / The new model is worse and was not written.", err=True)
        raise typer.Exit(WORSE)
    written = retraining.write(found, out, datetime.now(UTC).date())
    if not as_json:
        typer.echo(f"{written}\nLANTOA_CLASSIFIER_MODEL={written}")


def explain_text(
    text: Annotated[str, typer.Option("--text", help="Văn bản (the text)")],
    title: Annotated[str, typer.Option("--title", help="Tiêu đề (its title)")] = "",
    model: FolderOption = DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Vì sao một văn bản có những nhãn ấy (why a text has its labels)."""
    told = explaining.explain(_opened(model), Document(title, text))
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    for head in told["heads"]:
        mark = " (không đủ chắc / abstained)" if head["abstained"] else ""
        typer.echo(f"{head['head']}: {head['label']} {head['probability']:.2f} / {head['threshold']:.2f}{mark}")
        typer.echo("   " + "; ".join(f"{one['words']} {one['weight']:+.2f}" for one in head["features"]))
    for rule in told["rules"]:
        typer.echo(f"→ {rule}")


def _opened(folder: Path) -> LinearClassifier:
    try:
        return LinearClassifier(folder)
    except ModelBroken as error:
        typer.echo(f"Lỗi (error): {error}", err=True)
        raise typer.Exit(2) from error


def _figures(labels: dict[str, Any]) -> Table:
    table = Table("nhãn", "precision", "recall", "F1", "n")
    for label, one in labels.items():
        table.add_row(label, *(f"{one[name]:.3f}" for name in ("precision", "recall", "f1")), str(one["texts"]))
    return table


def _compared(found: retraining.Retrained) -> Table:
    table = Table("phần đo (measured on)", "nay (present)", "mới (new)", "")
    for row in found.compared:
        table.add_row(row.name, f"{row.present:.4f}", f"{row.new:.4f}", "kém hơn (worse)" if row.is_worse else "")
    return table
