"""A working copy of the project whose only source is the JD conversations.

The loop runs there as it runs anywhere: same code, same params but for the source and what a customer
split means in this data. Nothing of the data enters the project's own folder.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from benchmarks.workcopy import copy_project, edit_params
from kefu.io import write_jsonl
from kefu.schema import Label
from kefu.shop.pack import load_pack
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


def prepare(work: Path, data: Path) -> None:
    """Fills an empty folder: project, JD days as raw data, labels of all but the kept-out fold."""
    copy_project(work)
    edit_params(work, lambda params: params["ingest"].update(sources=[{"name": SOURCE, "channel": "jddc"}]))
    for day in sorted(data.glob("dt=*")):
        shutil.copytree(day, work / "store/raw" / SOURCE / day.name)
    version = load_pack(work / "shop").taxonomy.version
    write_jsonl(
        work / "store/reviewed/jddc.jsonl",
        (
            Label(dialogue_id=d, turn=t, what="intent", value=i, source="review:jddc", confidence=1.0, version=version)
            for d, t, i in truth(data)
            if not kept_out(d)
        ),
    )
