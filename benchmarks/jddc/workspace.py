"""A working copy of the project whose only source is the JD conversations.

The loop runs there as it runs anywhere: same code, same params but for the source and what a customer
split means in this data. Nothing of the data enters the project's own folder.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

from kefu.io import write_jsonl, write_text
from kefu.pack import load
from kefu.paths import ROOT
from kefu.schema import Label
from kefu.split import fold_of

SOURCE = "jddc"
FOLDS, KEPT_OUT, SEED = 5, 0, 7


def truth(data: Path) -> Iterator[tuple[str, int, str]]:
    """(dialogue id, turn, intent) of every annotated turn."""
    day_of = {
        line.split("\t", 1)[0]: chat.parent.name.removeprefix("dt=")
        for chat in sorted(data.glob("dt=*/chat.tsv"))
        for line in chat.read_text(encoding="utf8").splitlines()
    }
    for line in (data / "labels.jsonl").read_text(encoding="utf8").splitlines():
        row = json.loads(line)
        yield f"{SOURCE}:{day_of[row['session']]}:{row['session']}", row["turn"], row["intent"]


def kept_out(dialogue_id: str) -> bool:
    """Whether a whole session is in the fold that no stage gets labels of."""
    return fold_of(dialogue_id, FOLDS, SEED) == KEPT_OUT


def _copy_project(work: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True)
    for name in listed.stdout.decode().splitlines():
        if (ROOT / name).is_file():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, work / name)


def prepare(work: Path, data: Path) -> None:
    """Fills an empty folder: project, JD days as raw data, labels of all but the kept-out fold."""
    _copy_project(work)
    params = yaml.safe_load((work / "params.yaml").read_text(encoding="utf8"))
    params["ingest"]["sources"] = [{"name": SOURCE, "channel": "jddc"}]
    write_text(work / "params.yaml", yaml.safe_dump(params, allow_unicode=True, sort_keys=False))
    for day in sorted(data.glob("dt=*")):
        shutil.copytree(day, work / "data/raw" / SOURCE / day.name)
    version = load(ROOT / params["pack"]).taxonomy.version
    write_jsonl(
        work / "data/reviewed/jddc.jsonl",
        (
            Label(dialogue_id=d, turn=t, what="intent", value=i, source="review:jddc", confidence=1.0, version=version)
            for d, t, i in truth(data)
            if not kept_out(d)
        ),
    )
    for command in (["git", "init", "-q"], ["dvc", "init", "-q", "-f"]):
        subprocess.run(command, cwd=work, check=True, env=environment())


def environment() -> dict[str, str]:
    """This interpreter's tools first, and no tracking server of somebody else's."""
    own = {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"}
    return own | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


def repro(work: Path) -> int:
    """``dvc repro`` in the copy; returns its exit code (the gate may well refuse)."""
    return subprocess.run(["dvc", "repro"], cwd=work, env=environment(), check=False).returncode
