"""`python -m tests.fuzz.harness TARGET --seconds N [--corpus DIR] [--found DIR]`: one target under atheris (libFuzzer).

Guided by coverage of our parsers and of the pure-Python libraries below them. Ends with 0 where nothing broke; else the
input is made small and lies in the folder of what was found, ready to be committed.
"""

import argparse
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

LONGEST = 16_384
ONE_INPUT_SECONDS = 20
SMALLER_SECONDS = 60
FOUND = Path(__file__).parent / "found"


def main() -> int:
    asked = _arguments()
    if asked.run:
        return _run(asked.target, asked.run)
    with tempfile.TemporaryDirectory() as scratch:
        corpus = Path(asked.corpus or Path(scratch) / "corpus")
        until = [f"-max_total_time={asked.seconds}", f"-runs={asked.runs}", f"-seed={asked.seed}"]
        return _campaign(asked.target, corpus, Path(scratch), until, Path(asked.found))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target")
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument("--runs", type=int, default=-1, help="end after so many inputs")
    parser.add_argument("--seed", type=int, default=0, help="the same inputs each time; 0: others each time")
    parser.add_argument("--corpus", help="kept between campaigns; a fresh one otherwise")
    parser.add_argument("--found", default=str(FOUND))
    parser.add_argument("--run", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser.parse_args()


def _campaign(target: str, corpus: Path, scratch: Path, until: list[str], found: Path) -> int:
    from tests.fuzz.seeds import SEEDS, TOKENS

    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS[target]):
        (corpus / f"seed-{number}").write_bytes(seed)
    words = scratch / "words"
    words.write_text("".join(f'"{_escaped(token)}"\n' for token in TOKENS if len(token) < 60), encoding="ascii")
    broken = scratch / "broken"
    options = [
        f"-artifact_prefix={broken}-",
        f"-max_len={LONGEST}",
        f"-timeout={ONE_INPUT_SECONDS}",
        "-rss_limit_mb=2048",
    ]
    fuzzing = _libfuzzer(target, *options, f"-dict={words}", *until, "-print_final_stats=1", str(corpus))
    if fuzzing == 0:
        return 0
    for artifact in sorted(scratch.glob("broken-*")):
        small = scratch / f"small-{artifact.name}"
        _libfuzzer(
            target, *options, "-minimize_crash=1", "-max_total_time=5", f"-exact_artifact_path={small}", str(artifact)
        )
        kept = found / f"{target}-{artifact.name.removeprefix('broken-')[:20]}.bin"
        kept.write_bytes((small if small.exists() else artifact).read_bytes())
        sys.stderr.write(f"{target}: {kept}\n")
    return 1


def _libfuzzer(target: str, *options: str) -> int:
    with suppress(subprocess.TimeoutExpired):
        return subprocess.call(
            [sys.executable, "-m", "tests.fuzz.harness", target, "--run", *options],
            start_new_session=True,
            timeout=None if any(one.startswith("-dict") for one in options) else SMALLER_SECONDS,
        )
    return 1


def _run(name: str, options: list[str]) -> int:
    """In the process of its own that libFuzzer takes over."""
    import atheris

    with atheris.instrument_imports(include=["services.ingest", "libs.common", "feedparser", "protego", "sgmllib"]):
        from tests.fuzz.targets import TARGETS
    # libFuzzer starts itself again to make an input small, by this word, through a shell.
    atheris.Setup([f"{sys.executable} -m tests.fuzz.harness {name} --run", *options], TARGETS[name])
    atheris.Fuzz()
    return 0


def _escaped(token: bytes) -> str:
    return "".join(f"\\x{one:02x}" for one in token)


if __name__ == "__main__":
    sys.exit(main())
