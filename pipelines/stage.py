"""What every stage does around its one function: load params, open its MLflow run, write its metrics.

with stage("ingest", Ingest) as s:
    s.log(ingest(..., s.params))
"""

from __future__ import annotations

import getpass
import hashlib
import json
import logging
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Generic, TypeVar, overload

from kefu.errors import KefuError
from kefu.io import content_hash, file_hash, write_json
from kefu.locks import shared_lock
from kefu.params import Section, flatten, parse_section, read_params
from kefu.paths import ADAPTER, BASE, EDGE, METRICS, PARAMS, RETRIEVER, ROOT, ROUTER, SETS, STORE
from kefu.registry import runs
from kefu.registry.data_sources import DataSource
from kefu.yaml_file import read_yaml
from pipelines.fingerprints import closure, fingerprint
from pipelines.headlines import write_headline

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # it only warns after a fork


PARTS = [str(path.relative_to(ROOT)) for path in (SETS, ROUTER, RETRIEVER, BASE, ADAPTER, EDGE)]  # of a release

S = TypeVar("S", bound=Section)


@dataclass
class Stage(Generic[S]):
    """What a stage gets: its section of params.yaml, the shop pack, a place for its metrics, and its MLflow run."""

    name: str
    params: S
    profile: str
    pack: Path
    run: runs.StageRun
    metrics: dict[str, float] = field(default_factory=dict)

    def log(self, values: Mapping[str, float]) -> None:
        """Gathers metrics: written to store/metrics and MLflow when the stage ends."""
        self.metrics.update(values)

    def parts(self) -> dict[str, str]:
        """What a release is made of, as ``data.<path>`` → the hash that DVC has for it."""
        return {f"data.{path}": md5 for path, md5 in _versions().items() if path in PARTS}

    def inputs_key(self, *inputs: Path | str) -> str:
        """Hash of what the result depends on: parameters, code, libraries, and inputs.

        Args:
            inputs: files, folders, or the hashes of some.
        """
        code = fingerprint(closure(ROOT / f"pipelines/{self.name}.py"))
        libraries = {name: version(name) for name in ("peft", "torch", "transformers", "trl")}
        hashes = [one if isinstance(one, str) else _hash(one) for one in inputs]
        told = json.dumps([self.params.model_dump(mode="json"), code, libraries, hashes], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:16]


def _hash(path: Path) -> str:
    return content_hash(path) if path.is_dir() else file_hash(path)


def git_commit() -> str | None:
    """Commit of the working tree, if it is one: a downloaded archive has none."""
    shown = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    return shown.stdout.strip() if shown.returncode == 0 else None


def _source(stage: str, commit: str | None) -> dict[str, str]:
    """MLflow's own tags for the columns user, source and version."""
    tags = {"name": f"pipelines.{stage}", "type": "LOCAL", **({"git.commit": commit} if commit else {})}
    try:
        user = {"mlflow.user": getpass.getuser()}
    except (KeyError, OSError):  # a container whose user id has no name
        user = {}
    return user | {f"mlflow.source.{name}": value for name, value in tags.items()}


def _versions() -> dict[str, str]:
    """Path → hash of what DVC has a version of: outs of stages, and inputs after `dvc add`. Nothing is hashed."""
    lock = ROOT / "dvc.lock"
    stages = read_yaml(lock)["stages"].values() if lock.exists() else ()
    outs = [out for entry in stages for out in entry.get("outs", ())]
    for added in STORE.glob("*.dvc"):
        outs += [out | {"path": f"{STORE.name}/{out['path']}"} for out in read_yaml(added)["outs"]]
    return {out["path"]: out["md5"] for out in outs if "md5" in out}


def _inputs(stage: str) -> list[DataSource]:
    """What this stage reads of the store, in the versions that DVC has."""
    known = _versions()
    declared = read_yaml(ROOT / "dvc.yaml")["stages"].get(stage, {}).get("deps", ()) if known else ()
    return [DataSource(Path(path).name, known[path], path) for path in declared if path in known]


@overload
def stage(name: str) -> AbstractContextManager[Stage[Section]]: ...
@overload
def stage(name: str, section: type[S]) -> AbstractContextManager[Stage[S]]: ...
@contextmanager
def stage(name: str, section: type[Any] = Section) -> Iterator[Stage[Any]]:
    """Opens a stage. Its metrics file is written only when the block ends without an error.

    A KefuError ends the process with its message and code 1; so does `kefu forget` while it runs.

    Args:
        section: class of the stage's own section of params.yaml; a stage without parameters gives none.
    """
    try:
        with shared_lock(), _opened(name, section) as opened:
            yield opened
    except KefuError as error:
        raise SystemExit(f"{name}: {error}") from error


@contextmanager
def _opened(name: str, section: type[Any]) -> Iterator[Stage[Any]]:
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    for noisy in ("httpx", "urllib3", "alembic", "matplotlib", "fsspec", "milvus_lite", "faiss"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    raw = read_params()
    params = parse_section(section, raw[name] if section is not Section else {}, PARAMS, name)
    started = time.monotonic()
    print(f"── {name} " + "─" * (60 - len(name)), flush=True)
    values = {"profile": raw["profile"], **flatten(params.model_dump(), f"{name}.")}
    commit = git_commit()
    repro = " · ".join(filter(None, (raw["profile"], commit, os.environ.get("DVC_EXP_NAME"))))
    inputs = _inputs(name)
    tags = _source(name, commit) | {f"data.{source.source}": source.digest for source in inputs}
    with runs.stage_run(name, values, tags, repro, inputs) as run:
        opened = Stage(name, params, raw["profile"], ROOT / raw["pack"], run)
        yield opened
        seconds = time.monotonic() - started
        write_json(METRICS / f"{name}.json", opened.metrics)
        run.metrics({**opened.metrics, "seconds": seconds})
        run.headline(write_headline(METRICS, name, opened.metrics))
    print(f"   {name} done in {seconds:.1f} s", flush=True)
