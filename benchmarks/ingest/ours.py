"""One day through Kefu's ingest with the project's own parameters: python -m benchmarks.ingest.ours RAW STORE"""

from __future__ import annotations

import sys
from pathlib import Path

from data.clean.ingest import ingest
from kefu.params import Source, load

PII = {"ORDER": r"KF\d{10}"}


def main() -> None:
    sources = (Source(name="shop", channel="kefu_jsonl"),)
    params = load().ingest.model_copy(update={"sources": sources})
    for _ in ingest(Path(sys.argv[1]), Path(sys.argv[2]), params, PII):
        pass


if __name__ == "__main__":
    main()
