"""What `kefu monitor` prints: where the newest day's page is, and its key figures."""

from __future__ import annotations

from kefu.errors import Missing
from kefu.io import read_json
from kefu.paths import METRICS, MONITOR
from pipelines.params import load_params

_COUNTS = ("dialogues", "turns", "customers", "duplicates", "near_duplicates", "quarantined", "new_questions")


def lines() -> list[str]:
    """Raises Missing when there is no page yet."""
    pages = sorted(MONITOR.glob("dt=*.html"))
    if not pages:
        raise Missing(f"{MONITOR}: no page yet: run `dvc repro monitor`, which makes one a day")
    metrics = read_json(METRICS / "monitor.json")
    bounds = load_params().monitor
    shown = [f"{name:<18}{metrics[name]:,.0f}" for name in _COUNTS if name in metrics]
    for name, value in sorted(metrics.items()):
        if name == "energy" or name.startswith("psi."):
            bound = bounds.energy_alarm if name == "energy" else bounds.psi_major
            shown.append(f"{name:<18}{value:.4f}   bound {bound:g}")
    drifted = f"{metrics['drifted']:.0f} beyond chance and bound" if metrics["drifted"] else "none"
    return [*shown, f"{'drift':<18}{drifted}", f"{'page':<18}{pages[-1]}"]
