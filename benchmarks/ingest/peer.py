"""The same day through datatrove, run by the python of ``.venv/peers/ingest``: python peer.py RAW WORK TASKS

Its own MinHash example: signatures, buckets, clusters, then a second reading that filters and writes
Parquet. As many hashes as ours (16 × 8), words by the tokenizer it assigns to Chinese (spaCy's jieba),
5 words a shingle, its default. It knows documents, not dialogues: turns are joined by newlines, and
nothing is validated, quarantined or counted. Its PII formatter knows e-mail and IP addresses only.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import (
    MinhashConfig,
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
)
from datatrove.pipeline.formatters import PIIFormatter
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import ParquetWriter
from datatrove.utils.hashing import HashConfig

BUCKETS, HASHES = 16, 8
LANGUAGE = "zho"


def _document(self: Any, data: dict[str, Any], path: str, id_in_file: int) -> dict[str, Any]:
    text = "\n".join(turn["text"] for turn in data["turns"])
    return {"text": text, "id": data["session"], "metadata": {"customer": data["customer"]}}


def run(raw: str, work: Path, tasks: int) -> dict[str, float]:
    """Seconds of each stage."""
    config = MinhashConfig(num_buckets=BUCKETS, hashes_per_bucket=HASHES, hash_config=HashConfig(precision=32))

    def read() -> list[Any]:
        return [JsonlReader(raw, adapter=_document), PIIFormatter()]

    stages = {
        "signatures": (tasks, [*read(), MinhashDedupSignature(str(work / "sig"), config=config, language=LANGUAGE)]),
        "buckets": (BUCKETS, [MinhashDedupBuckets(str(work / "sig"), str(work / "pairs"), config=config)]),
        "clusters": (1, [MinhashDedupCluster(str(work / "pairs"), str(work / "remove"), config=config)]),
        "output": (
            tasks,
            [*read(), MinhashDedupFilter(str(work / "remove")), ParquetWriter(str(work / "out"), compression="zstd")],
        ),
    }
    seconds = {}
    for name, (parts, steps) in stages.items():
        started = time.perf_counter()
        log = str(work / "logs" / name)
        LocalPipelineExecutor(steps, tasks=parts, workers=min(parts, tasks), logging_dir=log).run()
        seconds[name] = time.perf_counter() - started
    return seconds


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))))
