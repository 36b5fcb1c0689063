"""Take out of the image's environment what only developers need: all that the installed `lantoa` does not require.

The lock file holds both kinds, so that every package is checked by its hash; this runs after it, once, in the build.
"""

import subprocess
import sys
from importlib.metadata import distribution, distributions

from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.utils import canonicalize_name


def needed_by(name: str, extras: frozenset[str], seen: set[tuple[str, frozenset[str]]]) -> None:
    """Follow the requirements of a distribution, with the extras that it is asked for."""
    if (name, extras) in seen:
        return
    seen.add((name, extras))
    for line in distribution(name).requires or []:
        wanted = Requirement(line)
        if wanted.marker is None or any(wanted.marker.evaluate({"extra": extra}) for extra in _spellings(extras)):
            needed_by(canonicalize_name(wanted.name), frozenset(wanted.extras), seen)


def _spellings(extras: frozenset[str]) -> set[str]:
    """jusText asks for lxml[html_clean], lxml calls it html-clean."""
    return {"", *extras, *(canonicalize_name(extra) for extra in extras)}


def needed() -> set[str]:
    seen: set[tuple[str, frozenset[str]]] = set()
    needed_by("lantoa", frozenset(), seen)
    return {name for name, _ in seen}


def main() -> int:
    keep = needed()
    drop = sorted({canonicalize_name(found.metadata["Name"]) for found in distributions()} - keep)
    print(f"kept {len(keep)}, taken out: {', '.join(drop)}")  # noqa: T201 - for who builds the image
    return subprocess.run([sys.executable, "-m", "pip", "uninstall", "--yes", "--quiet", *drop], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
