"""Stage `promote`: the gate; on pass the release becomes the champion in MLflow's registry.

A refusal is a result, not an error: it prints what fell short, and the champion keeps serving. DVC holds the stage for
done, so that a refused release is neither evaluated again nor in the way of the next day.
Command: python -m pipelines.promote
"""

from __future__ import annotations

import logging
from typing import Any

from rich.console import Console
from rich.table import Table

from evaluation.gate import GateDecision, decide, flat, markdown
from evaluation.params import Gate
from kefu.io import read_json, write_json
from kefu.paths import CHAMPION, EVALUATION, RELEASE, STORE
from kefu.registry import releases
from kefu.registry.evaluations import version_tags
from kefu.registry.seal import verify
from kefu.schema import Report
from pipelines.stage import Stage, stage

logger = logging.getLogger(__name__)
HOLDS = {"better": "bold green", "no champion": "dim", "too few items": "yellow"}  # others are green


def reports() -> tuple[Report, Report | None]:
    """Challenger and champion, as evaluate wrote them."""
    found = {r.model: r for r in (Report.model_validate(raw) for raw in read_json(EVALUATION / "reports.json"))}
    return found["challenger"], found.get("champion")


def table(decision: GateDecision) -> Table:
    drawn = Table("bound", "", "challenger", "champion", "verdict", title="Gate")
    for row in decision.rows:
        before = "–" if row.champion is None else f"{row.champion:.4g}"
        colour = "bold red" if row.closes else HOLDS.get(row.verdict, "green")
        drawn.add_row(row.what, row.bound, f"{row.value:.4g}", before, f"[{colour}]{row.verdict}[/]")
    return drawn


def warn_of_another_champion() -> None:
    """The challenger was compared with the pinned champion; someone may have promoted another since."""
    now, pinned = releases.champion(), read_json(CHAMPION)["version"]
    if now and now.version != pinned:
        compared = f"compared with {f'version {pinned}' if pinned else 'no champion'} (store/champion.json)"
        logger.warning("%s, but version %d serves: `kefu day` compares with it", compared, now.version)


def promote(s: Stage[Gate], challenger: Report, decision: GateDecision) -> int:
    """Registers and promotes the release that was measured; safe to repeat after a kill at any point."""
    verify(RELEASE, challenger.version)
    now = releases.champion()
    if now and now.content_hash == challenger.version:
        print(f"   this release is the champion already (version {now.version})")
        return now.version
    tags = version_tags(challenger.version)
    version = releases.register(RELEASE, flat(challenger), s.run.run_id, tags, markdown(decision))
    releases.promote(version)
    print(f"   version {version} is the champion" + (f"; version {now.version} the previous one" if now else ""))
    for old in releases.prune(s.params.keep_releases):
        print(f"   version {old} was deleted from the registry (promote.keep_releases)")
    return version


def main() -> None:
    with stage("promote", Gate) as s:
        warn_of_another_champion()
        challenger, champion = reports()
        decision = decide(s.params, challenger, champion)
        Console().print(table(decision))
        if unclear := ", ".join(row.what for row in decision.rows if row.verdict == "too few items"):
            logger.warning("too few items to tell whether %s fell: raise evaluate.answers or build.eval_share", unclear)
        version = promote(s, challenger, decision) if decision.verdict == "pass" else None
        record: dict[str, Any] = {"verdict": decision.verdict, "version": version}
        write_json(STORE / "promotion.json", record | {"rows": [row.model_dump() for row in decision.rows]})
        s.log({"passed": float(version is not None), "failed_bounds": sum(r.closes for r in decision.rows)})


if __name__ == "__main__":
    main()
