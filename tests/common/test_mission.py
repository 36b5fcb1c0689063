"""`make mission` knows all forty rows and finds the tests that show them."""

import json
import subprocess
import sys

import pytest

from libs.common.local.paths import checkout


@pytest.mark.slow
def test_every_row_is_printed_with_its_tests() -> None:
    command = [sys.executable, "scripts/mission.py", "--json"]
    done = subprocess.run(command, cwd=checkout(), capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert [row["id"] for row in rows] == [f"M{number:02d}" for number in range(1, 41)]
    shown = {row["id"] for row in rows if row["tests"]}
    assert {"M01", "M03", "M05", "M28", "M39"} <= shown
