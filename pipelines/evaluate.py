"""Stage `evaluate`: the challenger, and the champion that store/champion.json pins, on the very same items.

python -m pipelines.evaluate        # then open store/evaluation/report.html
"""

from __future__ import annotations

from pathlib import Path

from evaluation import page
from evaluation.candidate import Name, open_release
from evaluation.compare import Results, compare, report, run_suites
from evaluation.forgetting.frozen_sets import read_frozen
from evaluation.gate import flat
from evaluation.items import Items, load_items
from evaluation.judge import calibrated
from evaluation.memory import TODO, release_memory
from evaluation.params import Evaluate
from evaluation.tracking.release import data_sources, log_release
from kefu.io import atomic_dir, read_json, write_csv, write_json, write_jsonl, write_text
from kefu.params import load_section
from kefu.paths import BASE, CHAMPION, EVALUATION, FROZEN, PLOTS, RELEASE, SETS
from kefu.registry import releases
from kefu.schema import Report
from pipelines.stage import stage
from serving.engines.memory import free_memory
from serving.params import Serving
from training.memory import check, free_bytes, this_device

MeasuredRelease = tuple[Report, Results]


def measure(name: Name, folder: Path, items: Items, params: Serving, expected: str | None = None) -> MeasuredRelease:
    """Figures of a release; its models are out of memory afterwards, so that a card holds those of the next one."""
    with open_release(name, folder, params, expected) as release:
        results = run_suites(release, items)
        measured = report(name, release.version, results), results
    del release
    free_memory()
    return measured


def measure_champion(challenger: MeasuredRelease, items: Items, params: Serving) -> MeasuredRelease | None:
    """The pinned champion's figures, or None when there is none. The same content is not measured twice."""
    pin = read_json(CHAMPION)
    if pin["content_hash"] == challenger[0].version:
        return challenger[0].model_copy(update={"model": "champion"}), challenger[1]
    release = releases.pinned_release(pin["version"])
    return measure("champion", release, items, params, pin["content_hash"]) if release else None


def main() -> None:
    with stage("evaluate", Evaluate) as s:
        items = load_items(SETS, s.pack, s.params, read_frozen(FROZEN))
        serving = load_section("serving", Serving)
        needed = release_memory(RELEASE, s.params.max_new_tokens)
        check("evaluate", needed, free_bytes(this_device()), TODO)
        challenger = measure("challenger", RELEASE, items, serving)
        champion = measure_champion(challenger, items, serving)
        (own, results), (other, before) = challenger, champion or (None, None)
        if s.params.judge.pairs and before and before is not results:
            judged = calibrated.judge_answers(BASE, SETS / "preferences.jsonl", items, results, before, s.params)
            results = {**results, calibrated.SUITE: judged}
            own = report(own.model, own.version, results)
        rows = compare(results, before, s.params.seed)
        differences = {f"{row.suite}.{row.metric}": row.difference for row in rows if row.difference}
        own = own.model_copy(update={"differences": differences})
        with atomic_dir(EVALUATION, private=True) as folder:
            write_json(folder / "reports.json", [r.model_dump() for r in (own, other) if r])
            measured = [*results.values(), *(before.values() if before and before is not results else ())]
            write_jsonl(folder / "predictions.jsonl", (p for result in measured for p in result.predictions))
            write_text(folder / "report.html", page.render(own, other, rows, results, before))
        for name, table in results["router"].tables.items():
            write_csv(PLOTS / f"evaluate/{name}.csv", table.header, table.rows)
        s.run.artifact(EVALUATION / "report.html")
        measured_on = data_sources(SETS, s.pack)
        made_of = {"profile": s.profile, **s.parts()}
        log_release(s.run, RELEASE, made_of, measured_on, results, items.golden, s.params.traces)
        s.log(flat(own))


if __name__ == "__main__":
    main()
