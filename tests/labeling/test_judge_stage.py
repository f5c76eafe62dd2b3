"""The stage `judge` with a real, tiny, untrained Qwen3, and what autolabel makes of opinions."""

import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from data.labeling.autolabel import write_labels
from data.labeling.guarantee.acceptance import Acceptance
from data.labeling.guarantee.audit_ledger import AuditEntry
from data.labeling.join import join_intents
from data.labeling.labeler import OutOfFoldPrediction, train_labeler
from data.labeling.opinions.combine import Combiner
from data.labeling.opinions.judge import Judge
from data.labeling.opinions.opinion_pool import Pool
from data.labeling.stream import label_dialogues
from kefu.intents.classifier import class_names
from kefu.io import content_hash, read_jsonl, write_json, write_jsonl
from kefu.paths import ROOT
from kefu.schema import Dialogue, Label, Turn, TurnKey
from kefu.shop.taxonomy import load_taxonomy
from pipelines import judge
from pipelines.params import load_params
from tests.fixtures import micro
from tests.fixtures.bars import record_bars
from tests.fixtures.chatter import ASKED, chatter
from tests.labeling.test_autolabel import AUTOLABEL, LABELER, PACK, REVIEWED, TRUTH, labeler, run, store
from tests.labeling.test_judge import FORGED

PARAMS = load_params().judge.model_copy(
    update={"turns": 150, "min_confidence": 0.0, "max_confidence": 1.0, "max_prompt_tokens": 4096}
)
DOUBTING = Pool(1.0, 1.0, (1.0, 1.0, -2.0, 0.0))  # less sure of whatever it hears


NOISY, SAID = chatter(200, seed=8)
# Every third reviewer's word is "thanks": nobody can be sure.
SEEN = [x.model_copy(update={"value": "thanks"}) if i % 3 == 0 else x for i, x in enumerate(SAID[:200])]


@cache
def learned() -> tuple[Path, list[OutOfFoldPrediction]]:
    """A labeler that is seldom sure."""
    folder = Path(tempfile.mkdtemp(prefix="kefu-labeler-"))
    return folder, train_labeler(join_intents(SEEN, {d.id: d for d in NOISY}, ASKED).turns, (), LABELER, folder)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dialogue:
    """A store with a forged turn, reviewed labels, a labeler and a micro base model."""
    turn = Turn(role="customer", text=FORGED, time=None)
    forged = NOISY[0].model_copy(update={"id": NOISY[0].id + "-forged", "turns": (turn,)})
    store(tmp_path / "dialogues", [*NOISY, forged])
    write_jsonl(tmp_path / "reviewed/random.jsonl", SEEN)
    entry = {
        "name": str(micro.shared() / "centre"),
        "revision": None,
        "content_hash": content_hash(micro.shared() / "centre"),
        "kind": "folder",
    }
    write_json(tmp_path / "base/base.json", {"centre": entry})
    named = {"DIALOGUES": "dialogues", "REVIEWED": "reviewed", "BASE": "base"}
    for name, folder in named.items():
        monkeypatch.setattr(judge, name, tmp_path / folder)
    monkeypatch.setattr(judge, "LABELER", learned()[0])
    return forged


def test_the_stage_judges_reviewed_and_new_turns_within_the_budget(project: Dialogue) -> None:
    opinions, figures = judge.ask(PARAMS, PACK.folder)
    turns = {(o.dialogue_id, o.turn) for o in opinions}
    assert len(turns) == len(opinions) == PARAMS.turns == figures["opinions"]
    assert all(sorted(o.probabilities) == sorted(load_taxonomy(PACK.folder).names) for o in opinions)
    assert all(sum(o.probabilities.values()) == pytest.approx(1, abs=1e-4) for o in opinions)
    people = {(x.dialogue_id, x.turn) for x in SEEN}
    share = len(SEEN) / figures["band"]
    assert figures["reviewed"] == len(turns & people) == pytest.approx(share * PARAMS.turns, abs=25)
    assert figures["accuracy.judge"] < figures["accuracy.labeler"]  # its weights are random


def test_its_bars_end_when_all_dialogues_are_read_and_all_turns_asked_about(
    project: Dialogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = record_bars(monkeypatch, "data.labeling.opinions.judge_sampling")
    asking = record_bars(monkeypatch, "data.labeling.opinions.judge")
    judge.ask(PARAMS.model_copy(update={"turns": 9, "max_prompt_tokens": 900}), PACK.folder)
    assert [(bar.done, bar.total) for bar in search] == [(len(NOISY) + 1, len(NOISY) + 1)]
    assert [(bar.done, bar.total) for bar in asking] == [(9, 9)]


def test_the_band_is_kept(project: Dialogue) -> None:
    reviewed = learned()[1]
    narrow = PARAMS.model_copy(
        update={"turns": 10_000, "max_confidence": float(np.quantile([j.confidence for j in reviewed], 0.3))}
    )
    opinions, figures = judge.ask(narrow, PACK.folder)
    judged = {(o.dialogue_id, o.turn) for o in opinions}
    unsure = {(j.dialogue_id, j.turn) for j in reviewed if j.confidence < narrow.max_confidence}
    assert judged & {(x.dialogue_id, x.turn) for x in SEEN} == unsure and unsure
    assert figures["band"] == len(judged) < len(SAID) * 0.8


def test_a_forged_turn_is_judged_like_any(project: Dialogue) -> None:
    model = Judge.load_base(judge.BASE, load_taxonomy(PACK.folder), PARAMS.max_prompt_tokens)
    (said,) = model.opinions({project.id: project}, [TurnKey(project.id, 0)])
    assert sum(said.probabilities.values()) == pytest.approx(1, abs=1e-4)


def test_off_it_loads_no_torch() -> None:
    """Neither the stage nor autolabel, which only reads what it wrote."""
    code = "import sys, pipelines.judge, pipelines.autolabel; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def combiner(pool: Pool, turns: list[Label], right: float = 0.4) -> Combiner:
    names = class_names(labeler()[0])
    rest = (1 - right) / (len(names) - 1)
    return Combiner(
        {
            TurnKey(x.dialogue_id, x.turn or 0): np.array([right if n == x.value else rest for n in names])
            for x in turns
        },
        pool,
    )


def labels_with(folder: Path, combiner: Combiner | None) -> Path:
    made = run(folder / "plain", Acceptance(thresholds={"*": 0.5}))
    spec = type(made.spec)(**{**vars(made.spec), "combiner": combiner})
    (folder / "own").mkdir()
    write_labels(label_dialogues(folder / "plain/store", spec, 1), folder / "own")
    return folder / "own"


def test_opinions_of_other_turns_change_no_byte(tmp_path: Path) -> None:
    own = labels_with(tmp_path, combiner(DOUBTING, REVIEWED))
    for file in ("accepted.jsonl", "signals.jsonl", "audited.jsonl"):
        assert (own / file).read_bytes() == (tmp_path / "plain" / file).read_bytes()


def test_what_the_machine_said_is_the_combined_opinion(tmp_path: Path) -> None:
    judged = TRUTH[::2]
    own = labels_with(tmp_path, combiner(DOUBTING, judged))
    turns = {(x.dialogue_id, x.turn or 0) for x in judged}
    before, after = (
        {(r.dialogue_id, r.turn): r for r in read_jsonl(folder / "audited.jsonl", AuditEntry)}
        for folder in (tmp_path / "plain", own)
    )
    assert before.keys() == after.keys()  # the audit's draw does not know the judge
    assert AUTOLABEL.audit_share > 0 and turns & before.keys() and before.keys() - turns
    for turn, row in before.items():
        assert (after[turn] == row) == (turn not in turns)
    changed = {turn for turn in turns & before.keys() if after[turn].confidence < before[turn].confidence}
    assert changed
