"""Take the AT Protocol's schemas from the npm package @atproto/api into sandbox/platforms/bluesky/lexicons.

python scripts/lexicons.py [VERSION]     npm and node 20 or later are needed; without a version, the one taken last

Taken are the methods and records named below and every document that their inputs, parameters and records refer to,
each whole and as published (references without the library's own prefix "lex:").
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "sandbox" / "platforms" / "bluesky" / "lexicons"
PACKAGE = "@atproto/api"
SERVED = (
    "com.atproto.identity.resolveHandle",
    "com.atproto.repo.applyWrites",
    "com.atproto.repo.createRecord",
    "com.atproto.repo.deleteRecord",
    "com.atproto.repo.getRecord",
    "com.atproto.repo.listRecords",
    "com.atproto.repo.putRecord",
    "com.atproto.repo.uploadBlob",
    "com.atproto.server.createSession",
    "com.atproto.server.deleteSession",
    "com.atproto.server.getSession",
    "com.atproto.server.refreshSession",
    "com.atproto.sync.getBlob",
    "app.bsky.actor.getProfile",
    "app.bsky.feed.getAuthorFeed",
    "app.bsky.feed.getPosts",
    "app.bsky.feed.getPostThread",
    "app.bsky.feed.like",
    "app.bsky.feed.post",
    "app.bsky.feed.postgate",
    "app.bsky.feed.repost",
    "app.bsky.feed.threadgate",
)
_DUMP = "import('@atproto/api').then((m) => console.log(JSON.stringify(m.schemas)))"
_README = """# Lexicons of the AT Protocol

Schemas of the methods and records that the sandbox serves, as published in the npm package `{package}` {version} by
Bluesky Social PBC (https://github.com/bluesky-social/atproto), dual-licensed MIT/Apache-2.0; see LICENSE.txt. Written
by `python scripts/lexicons.py {version}`; not edited by hand. Of the answers' schemas only what inputs share is here.
"""


def fetched(version: str, folder: Path) -> tuple[str, str, list[dict[str, Any]]]:
    """The version that came, its licence, and every schema of the package."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        sys.exit("Cần node (20 trở lên) và npm. / node (20 or later) and npm are needed.")
    (folder / "package.json").write_text("{}")
    wanted = f"{PACKAGE}@{version}"
    subprocess.run([npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", wanted], cwd=folder, check=True)
    told = subprocess.run([node, "-e", _DUMP], cwd=folder, check=True, capture_output=True, text=True)
    package = folder / "node_modules" / PACKAGE
    came = json.loads((package / "package.json").read_text("utf-8"))["version"]
    return came, (package / "LICENSE.txt").read_text("utf-8"), json.loads(told.stdout)


def bare(value: Any) -> Any:
    """Without the prefix that the library adds to references."""
    if isinstance(value, dict):
        return {name: bare(item) for name, item in value.items()}
    if isinstance(value, list):
        return [bare(item) for item in value]
    return value.removeprefix("lex:") if isinstance(value, str) else value


def needed(documents: dict[str, dict[str, Any]]) -> set[str]:
    """The served ones, and all that what they take in refers to."""
    reached: set[str] = set()
    waiting = [(nsid, "main") for nsid in SERVED]
    seen: set[tuple[str, str]] = set()
    while waiting:
        nsid, name = waiting.pop()
        if (nsid, name) in seen:
            continue
        seen.add((nsid, name))
        reached.add(nsid)
        definition = dict(documents[nsid]["defs"][name])
        definition.pop("output", None)
        for reference in references(definition):
            document, _, part = reference.partition("#")
            waiting.append((document or nsid, part or "main"))
    return reached


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if value.get("type") == "ref":
            yield value["ref"]
        elif value.get("type") == "union":
            yield from value["refs"]
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def last_version() -> str:
    readme = FOLDER / "README.md"
    words = readme.read_text("utf-8").split() if readme.exists() else []
    return words[words.index(f"`{PACKAGE}`") + 1] if f"`{PACKAGE}`" in words else "latest"


def main(arguments: list[str]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        version, licence, schemas = fetched(arguments[0] if arguments else last_version(), Path(scratch))
    documents = {schema["id"]: bare(schema) for schema in schemas}
    taken = sorted(needed(documents))
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.json"):
        old.unlink()
    for nsid in taken:
        (FOLDER / f"{nsid}.json").write_text(json.dumps(documents[nsid], ensure_ascii=False, indent=2) + "\n", "utf-8")
    (FOLDER / "README.md").write_text(_README.format(package=PACKAGE, version=version), "utf-8")
    (FOLDER / "LICENSE.txt").write_text(licence, "utf-8")
    print(f"{PACKAGE} {version}: {len(taken)} of {len(documents)} documents")


if __name__ == "__main__":
    main(sys.argv[1:])
