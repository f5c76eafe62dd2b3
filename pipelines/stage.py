"""What every stage does around its one function: load params, open its MLflow run, write its metrics.

with stage("ingest") as s:
    s.log(ingest(..., s.params.ingest))
"""

from __future__ import annotations

import logging
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import yaml

from kefu.io import BadRecord, write_json
from kefu.locks import ending_when_busy
from kefu.params import ParamsError
from kefu.paths import METRICS, ROOT
from kefu.registry import tracking
from pipelines.params import Params, load_params

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # it only warns after a fork


@dataclass
class Stage:
    """What a stage gets: its parameters, a place for its metrics, and its MLflow run."""

    params: Params
    run: tracking.StageRun
    metrics: dict[str, float] = field(default_factory=dict)

    def log(self, values: Mapping[str, float]) -> None:
        """Gathers metrics: written to store/metrics/<stage>.json and MLflow when the stage ends."""
        self.metrics.update(values)


def _flat(value: Mapping[str, Any], prefix: str) -> dict[str, object]:
    flat: dict[str, object] = {}
    for key, inner in value.items():
        name = f"{prefix}.{key}"
        flat |= _flat(inner, name) if isinstance(inner, Mapping) and inner else {name: inner}
    return flat


def git_commit() -> str | None:
    """Commit of the working tree, if it is one: a downloaded archive has none."""
    shown = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    return shown.stdout.strip() if shown.returncode == 0 else None


def _git() -> dict[str, str]:
    commit = git_commit()
    return {"git.commit": commit} if commit else {}


def _input_hashes(stage: str) -> dict[str, str]:
    """Hashes that DVC has for this stage's inputs, without hashing anything again."""
    lock = ROOT / "dvc.lock"
    if not lock.exists():
        return {}
    locked = yaml.safe_load(lock.read_text(encoding="utf8"))["stages"]
    known = {out["path"]: out["md5"] for entry in locked.values() for out in entry.get("outs", []) if "md5" in out}
    declared = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf8"))["stages"].get(stage, {}).get("deps", [])
    return {f"data.{path}": known[path] for path in declared if path in known}


# What the user can mend in any stage.
EXPECTED = (ParamsError, BadRecord, tracking.NoSuchVersion, tracking.UnusableDatabase)


@contextmanager
def stage(name: str, *expected: type[Exception]) -> Iterator[Stage]:
    """Opens a stage. Its metrics file is written only when the block ends without an error.

    An expected error ends the process with its message and code 1, not a traceback: EXPECTED, and what the stage names.
    Ends the process with a message while `kefu forget` runs.
    """
    try:
        with ending_when_busy(), _opened(name) as opened:
            yield opened
    except (*EXPECTED, *expected) as error:
        raise SystemExit(f"{name}: {error}") from error


@contextmanager
def _opened(name: str) -> Iterator[Stage]:
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    for noisy in ("httpx", "urllib3", "alembic", "matplotlib", "fsspec", "milvus_lite", "faiss"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    params = load_params()
    section = getattr(params, name, None)
    values = _flat(section.model_dump(), name) if section is not None else {}
    started = time.monotonic()
    print(f"── {name} " + "─" * (60 - len(name)), flush=True)
    with tracking.stage_run(name, {"profile": params.profile, **values}, {**_git(), **_input_hashes(name)}) as run:
        opened = Stage(params, run)
        yield opened
        seconds = time.monotonic() - started
        write_json(METRICS / f"{name}.json", opened.metrics)
        run.metrics({**opened.metrics, "seconds": seconds})
    print(f"   {name} done in {seconds:.1f} s", flush=True)
