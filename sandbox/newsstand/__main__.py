"""`python -m sandbox.newsstand --mode dir --path DIR --check`: what would be on the stand, or why nothing can be."""

import argparse
import json
import sys
from pathlib import Path

from sandbox.newsstand.app import manifest_of, open_edition
from sandbox.newsstand.errors import NewsstandError
from sandbox.newsstand.settings import Mode, PressSettings


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox.newsstand", description="Look at an edition.")
    parser.add_argument("--mode", type=Mode, choices=list(Mode), default=Mode.SAMPLE)
    parser.add_argument("--path", type=Path)
    parser.add_argument("--check", action="store_true", help="print nothing but the manifest (the default)")
    wanted = parser.parse_args()
    try:
        edition = open_edition(PressSettings(mode=wanted.mode, path=wanted.path))
    except NewsstandError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(json.dumps(manifest_of(edition, "http://127.0.0.1"), ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
