"""`make clean`: removes what the stages wrote; `dvc repro` takes it from DVC's cache, or makes it again.

What people or shops made stays: raw days, reviews, frozen sets, the record of forgotten people, the champion's pin,
MLflow's runs and releases, the databases of Label Studio and of the demo shop, dvc.lock.

    python -m pipelines.commands.clean
"""

from __future__ import annotations

import shutil
from pathlib import Path

from kefu.locks import exclusive_lock
from kefu.paths import ROOT
from kefu.yaml_file import read_yaml
from pipelines.commands.errors import explain_errors


def outputs(root: Path) -> list[Path]:
    """Outs and metrics of all stages of dvc.yaml."""
    stages = read_yaml(root / "dvc.yaml")["stages"].values()
    named = [out for stage in stages for kind in ("outs", "metrics") for out in stage.get(kind, ())]
    return [root / (next(iter(out)) if isinstance(out, dict) else out) for out in named]


def clean(root: Path) -> int:
    """Removes them; returns how many there were. Raises Busy while the loop runs."""
    with exclusive_lock(root / ".dvc"):
        found = [path for path in outputs(root) if path.exists()]
        for path in found:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return len(found)


if __name__ == "__main__":
    with explain_errors():
        print(f"{clean(ROOT)} outputs of the loop removed; raw days, reviews, releases and runs stay")
