"""How often Kefu finds something in real texts, which are read where they lie; figures only, no text leaves.

JD's conversations came masked, and Banking77's questions name nobody: what is found there is mostly a
mistake. The documents of ABCD and tau2 hold invented customers, who are to be found.
"""

from __future__ import annotations

import csv
import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kefu.privacy.redact import Redactor


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)


def _json(*files: Path) -> list[str]:
    return [text for file in files for text in _strings(json.loads(file.read_text(encoding="utf-8")))]


def sources(data: Path) -> dict[str, list[str]]:
    """The texts of every source that is there, by name."""
    found: dict[str, list[str]] = {}
    if turns := sorted((data / "jddc").glob("dt=*/chat.tsv")):
        rows = (line.split("\t") for file in turns for line in file.read_text(encoding="utf-8").splitlines())
        found["JDDC turns"] = [row[6] for row in rows if len(row) > 6]
    if (data / "ecd/dialogues.tsv").exists():
        lines = (data / "ecd/dialogues.tsv").read_text(encoding="utf-8").splitlines()
        found["ECD turns"] = [text.replace(" ", "") for line in lines for text in line.split("\t")[1:]]
    if (data / "banking77/train.csv").exists():
        with (data / "banking77/train.csv").open(encoding="utf-8", newline="") as file:
            found["Banking77 questions"] = [row[0] for row in csv.reader(file)][1:]
    if (data / "abcd").is_dir():
        found["ABCD texts"] = _json(
            *(data / "abcd" / name for name in ("abcd_sample.json", "guidelines.json", "kb.json"))
        )
    if (data / "tau2_retail").is_dir():
        policy = (data / "tau2_retail/policy.md").read_text(encoding="utf-8").splitlines()
        found["tau2 retail texts"] = policy + _json(data / "tau2_retail/tasks_train.json")
    return found


def count_spans(texts: list[str], redactor: Redactor) -> tuple[Counter[str], float]:
    """Spans found by type, and microseconds of CPU time a text."""
    started = time.process_time()
    kinds = Counter(found.kind for text in texts for found in redactor.find(text))
    return kinds, (time.process_time() - started) / max(len(texts), 1) * 1e6
