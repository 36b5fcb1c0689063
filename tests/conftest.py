"""Fixtures come from libs.common.testing.plugin, loaded by the project's pytest settings."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent
WHOLE = ("e2e", "publish/network", "publish/chaos/test_killed.py", "publish/test_processes.py")
"""Each fills the machine with processes or takes a row of ports, so that no two of them run side by side."""


@pytest.hookimpl(tryfirst=True)  # before xdist reads the mark
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.relative_to(ROOT).as_posix().startswith(WHOLE):
            item.add_marker(pytest.mark.xdist_group("whole"))
