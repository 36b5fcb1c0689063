"""The image, as far as it can be judged without building it: what it copies is there, what it drops is not used."""

import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from libs.common.local.addresses import SERVICES
from scripts.chart_settings import CHART

ROOT = CHART.parent.parent.parent
INSTRUCTIONS = [
    shlex.split(line)
    for line in (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    if line and not line.startswith("#")
]
STARTED = [f"services.{name}.main" for name in SERVICES] + [
    "libs.common.cli.main",
    "libs.common.relay",
    "libs.common.worker",
    "libs.common.wait_schema",
    "services.publish.watchdog",
]


def copied() -> list[str]:
    own = [words for words in INSTRUCTIONS if words[0] == "COPY" and not words[1].startswith("--from")]
    return [source for words in own for source in words[1:-1]]


def test_what_is_copied_exists_and_is_not_ignored() -> None:
    admitted = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert all((ROOT / source).exists() for source in copied())
    assert set(copied()) == admitted


def test_it_runs_as_nobody_of_ours_without_a_shell() -> None:
    (user,) = [words[1] for words in INSTRUCTIONS if words[0] == "USER"]
    assert user.split(":")[0] == "10001"
    assert [words[0] for words in INSTRUCTIONS].count("FROM") == 2
    assert all(words[1].startswith("[") for words in INSTRUCTIONS if words[0] in ("RUN", "CMD"))


def test_every_package_is_installed_by_its_hash() -> None:
    """The one other install is of the project itself, and is allowed no index."""
    installs = [" ".join(words) for words in INSTRUCTIONS if words[0] == "RUN" and "install," in words]
    assert ["--require-hashes" in line or "--no-index" in line for line in installs] == [True, True]


@pytest.mark.slow
@pytest.mark.mission("M39")
def test_what_the_image_drops_is_imported_by_no_process(tmp_path: Path) -> None:
    """Everything that our processes load comes from a package that the image keeps."""
    keep = runpy.run_path(str(ROOT / "k8s/image/prune.py"))["needed"]()
    script = tmp_path / "loaded.py"
    script.write_text(
        "import importlib, sys\n"
        "from importlib.metadata import packages_distributions\n"
        f"for name in {STARTED!r}: importlib.import_module(name)\n"
        "importlib.import_module('libs.common.cli.main').build()\n"
        "importlib.import_module('uvicorn.main')\n"
        "owners = packages_distributions()\n"
        "for name in {m.split('.')[0] for m in sys.modules} & set(owners): print(owners[name][0])\n"
    )
    told = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=True)
    loaded = {name.lower().replace("_", "-") for name in told.stdout.split()}
    assert len(loaded) > 30
    hooks = {"setuptools"}  # only its .pth, which the image has not either
    assert loaded - {name.lower() for name in keep} - hooks == set()
    assert not {"pytest", "mypy", "ruff", "hatchling", "pip"} & keep
