"""Every target under libFuzzer for a moment, so that `make fuzz` is known to work; campaigns are for longer."""

import subprocess
import sys
from pathlib import Path

import pytest

from libs.common.local.paths import checkout
from tests.fuzz.targets import TARGETS


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_a_target_is_fuzzed_and_holds(name: str, tmp_path: Path) -> None:
    until = ["--runs", "400", "--seed", "1"]  # the same each time: what CI says is about the change, not about luck
    command = [sys.executable, "-m", "tests.fuzz.harness", name, *until, "--found", str(tmp_path)]
    done = subprocess.run(command, cwd=checkout(), capture_output=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    assert b"Done " in done.stderr
    assert list(tmp_path.iterdir()) == []
