"""One day through ingest with the project's own parameters: python -m benchmarks.ingest.ours RAW STORE CHANNEL"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.ingest.formats import source
from data.ingest.ingest import ingest
from pipelines.params import load_params

PII = {"ORDER": r"KF\d{10}"}


def main() -> None:
    params = load_params().ingest.model_copy(update={"sources": (source(sys.argv[3]),)})
    for _ in ingest(Path(sys.argv[1]), Path(sys.argv[2]), params, PII):
        pass


if __name__ == "__main__":
    main()
