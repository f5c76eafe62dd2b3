"""What Kefu answered, as traces in a real registry: routes, times and faults, and nobody's words."""

from __future__ import annotations

import json
from pathlib import Path

from data.monitoring.served import log_served, sample
from kefu.registry import evaluations, runs
from pipelines.params import load_params
from tests.registry.test_evaluations import HASH, SOURCES

DAY = "2026-11-30"
WORDS, WHO = "我叫张小五，水壶炸了", "c_0123456789abcdef"
PARAMS = load_params().monitor


def write_log(folder: Path, sessions: int) -> Path:
    """A day's log of conversations of two turns; the second is answered by nobody."""
    rows = []
    for number in range(sessions):
        for turn, route in enumerate(("flow", "fallback")):
            own = {"session": f"s{number}", "customer": WHO, "message": f"m{number}.{turn}"}
            own["time"] = f"{DAY}T09:0{turn}:{number % 60:02}.000+08:00"
            rows.append(own | {"role": "customer", "text": WORDS, "intent": "other", "confidence": 0.4})
            given = {"route": route, "latency_ms": 20.5, "release": HASH, "asks": "order_number"}
            rows.append(own | {"role": "bot", "text": f"{WORDS}？", **given})
        rows.append({"session": f"s{number}", "customer": WHO, "time": rows[-1]["time"], "csat": 5})
    path = folder / f"dt={DAY}/replica.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows) + '{"session": "torn')
    return folder


def test_served_conversations_are_traces_of_their_release_without_words(registry: None, tmp_path: Path) -> None:
    log = write_log(tmp_path / "serving", 60)
    with runs.stage_run("evaluate", {}, {}) as run:
        model_id = evaluations.log_model(run, HASH, {}, SOURCES)
    for _ in range(2):  # a day is shown once
        with runs.stage_run("monitor", {}, {}) as run:
            log_served(run, [log, tmp_path / "not there"], DAY, PARAMS)
    traces = runs.client().search_traces([runs.experiment_id()], model_id=model_id, max_results=100)
    assert len(traces) == PARAMS.traces == 40
    trace = traces[0]
    assert (trace.info.state, trace.info.tags["kefu.day"]) == ("ERROR", DAY)
    assert trace.info.response_preview == "turn 2: fallback"
    first = trace.data.spans[1]
    assert first.inputs.endswith("other 40%") and first.outputs == "flow · asks order_number"
    assert trace.info.request_time // 60_000 == 1796000400000 // 60_000  # 9:00 in Shanghai
    told = json.dumps([one.to_dict() for one in traces], ensure_ascii=False)
    assert WORDS not in told and WHO not in told and '"s0"' not in told


def test_the_draw_depends_on_sessions_alone_and_a_missing_day_gives_nothing(tmp_path: Path) -> None:
    log = write_log(tmp_path / "serving", 9) / f"dt={DAY}"
    drawn = sample(log, 4, seed=7)
    assert drawn == sample(log, 9, seed=7)[:4] and len(sample(log, 100, seed=7)) == 9
    assert sample(log.with_name("dt=2026-12-01"), 4, seed=7) == []
