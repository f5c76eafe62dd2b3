"""A small project with a person in all of it: raw files, stored days, labels, sets, reports, caches, a registry."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from data.forget import trained_on
from data.ingest.ingest import ingest
from kefu.io import content_named_dir, write_json, write_jsonl, write_text
from kefu.privacy import forgotten
from kefu.privacy.pseudonyms import pseudonym
from kefu.registry import releases, runs
from kefu.registry.seal import BaseModelRef, seal
from kefu.schema import Dialogue, Example, IntentExample, Label, Message, Prediction, ReviewTask
from kefu.store import read_dialogues
from pipelines.commands import forget as pipeline
from pipelines.commands import forget_report
from pipelines.params import load_params

SECRET = "a secret of the tests, long enough"
PERSON, OTHER = "u-lin-4711", "u-wang-0815"
ORDER = "KF2026000777"
WORDS = ("我家的绿鹦鹉把遥控器啄坏了怎么办", "那只鹦鹉叫豆豆，它很后悔")
PARROT = "说鹦鹉学舌的话"
SHARED = "请问什么时候发货呢亲"
DAYS = ("2026-11-01", "2026-11-02", "2026-11-03")
LOADED = load_params()
INGEST = LOADED.ingest.model_copy(update={"workers": 1})


def line(session: str, customer: str, day: str, *texts: str) -> str:
    turns = [
        {"role": ("customer", "agent")[i % 2], "text": t, "time": f"{day}T10:0{i}:00"} for i, t in enumerate(texts)
    ]
    return json.dumps({"session": session, "customer": customer, "turns": turns}, ensure_ascii=False) + "\n"


@dataclass
class Project:
    """Its folders as `kefu forget` sees them."""

    root: Path

    @property
    def store(self) -> Path:
        return self.root / "store"

    @property
    def ledger(self) -> Path:
        return self.root / "store/forgotten.jsonl"

    def put(self, path: str, content: str) -> Path:
        target = self.root / "store/raw" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        data = content.encode()
        target.write_bytes(gzip.compress(data) if target.suffix == ".gz" else data)
        return target

    def ingest(self) -> list[str]:
        """Brings the store up to date; the days' states."""
        pii = {"ORDER": r"KF\d{10}"}
        left_out = forgotten.read(self.ledger)
        days = ingest(self.root / "store/raw", self.store / "dialogues", INGEST, pii, forgotten=left_out)
        return [day.state for day in days]

    def dialogues(self) -> dict[str, Dialogue]:
        return {d.id: d for d in read_dialogues(self.store / "dialogues")}

    def dvc(self, *command: str) -> str:
        done = subprocess.run(["dvc", *command], cwd=self.root, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def raw_days(project: Project) -> None:
    for number, day in enumerate(DAYS):
        others = [line(f"o{n}", f"u{n}", day, f"我想问第{n}件商品的尺码是多少", "您好，均码") for n in range(6)]
        others.append(line("w", OTHER, day, SHARED, "今天发货"))
        own = [line("lin", PERSON, day, WORDS[0], f"您好，订单 {ORDER} 吗", SHARED, "好的", f"{WORDS[1]}{number}")]
        broken = f'{{"session": "x", "customer": "{PERSON}", "turns": [{{"role": "boss", "text": "{WORDS[0]}"}}]}}\n'
        suffix = ".gz" if number == 1 else ""
        project.put(f"shop/dt={day}/a.jsonl{suffix}", "".join([*others[:3], *own, broken, *others[3:]]))
    who = {"lin": pseudonym(PERSON), "other": pseudonym(OTHER)}
    log = [
        {
            "session": s,
            "customer": who[s],
            "time": f"{DAYS[2]}T11:0{n}:00+08:00",
            "role": r,
            "text": f"{s} 说鹦鹉学舌的话",
        }
        for n in range(3)
        for s in ("lin", "other")
        for r in ("customer", "bot")
    ]
    project.put(f"serving/dt={DAYS[2]}/r1.jsonl", "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in log))


def derived(project: Project) -> None:
    """What the stages make of the dialogues, each with the person and with others in it."""
    dialogues, store = list(project.dialogues().values()), project.store
    labels = [_label(d, "labeler") for d in dialogues]
    write_jsonl(store / "labels/accepted.jsonl", labels)
    queue = [ReviewTask(dialogue_id=d.id, turn=0, proposal="other", confidence=0.5, why="unsure") for d in dialogues]
    write_jsonl(store / "labels/queue.jsonl", queue)
    write_jsonl(store / "review/labels.jsonl", [_label(d, "review:1") for d in dialogues])
    write_jsonl(project.root / "store/reviewed/people.jsonl", [_label(d, "review:1") for d in dialogues])
    undecided = [f"{d.id}#2@1" for d in dialogues]
    write_json(project.root / "store/reviewed/labelstudio.json", {"since": None, "undecided": undecided})
    write_jsonl(store / "sets/router.jsonl", [_intent(d) for d in dialogues])
    write_jsonl(store / "sets/sft.jsonl", [_example(d) for d in dialogues])
    with content_named_dir(store / "frozen", "2026-11", private=True) as frozen:
        write_jsonl(frozen / "answers.jsonl", [_example(d) for d in dialogues])
        write_jsonl(frozen / "turns.jsonl", [_intent(d) for d in dialogues])
    texts = [{"question": d.turns[0].text, "entry_id": "faq:x", "source": "dialogue"} for d in dialogues]
    write_text(store / "sets/retrieval.jsonl", "".join(json.dumps(t) + "\n" for t in texts))
    chats = [{"id": d.id, "messages": [{"role": "user", "content": d.turns[0].text}]} for d in dialogues]
    write_text(store / "corpus/chats.jsonl", "".join(json.dumps(c, ensure_ascii=False) + "\n" for c in chats))
    write_jsonl(store / "evaluation/predictions.jsonl", [_prediction(d) for d in dialogues])
    write_text(store / "evaluation/report.html", "<p>" + "</p><p>".join(d.turns[0].text for d in dialogues) + "</p>")
    write_text(store / f"monitor/dt={DAYS[2]}.html", f"<td>{WORDS[0]}</td>")


def _label(d: Dialogue, source: str) -> Label:
    return Label(dialogue_id=d.id, turn=0, what="intent", value="other", source=source, confidence=1, version="1")


def _intent(d: Dialogue) -> IntentExample:
    places: dict[str, Any] = {"dialogue_id": d.id, "turn": 0, "customer": d.customer, "text": d.turns[0].text}
    return IntentExample(**places, context=(), intent="other", source="labeler", confidence=1, split="train")


def _example(d: Dialogue) -> Example:
    said = (Message(role="user", content=d.turns[0].text), Message(role="assistant", content="好"))
    return Example(id=f"{d.id}#1", messages=said, split="train", dialogue_id=d.id, customer=d.customer, intent="other")


def _prediction(d: Dialogue) -> Prediction:
    question, answer = d.turns[0].text, "好"
    return Prediction(
        suite="answers",
        id=f"{d.id}#1",
        question=question,
        expected=answer,
        predicted=answer,
        score=1,
        model="challenger",
    )


def registered(project: Project) -> None:
    """Two releases in the registry: one from before there were lists, and one trained on the sets, the champion.

    The evaluation's report is logged beside it.
    """
    release = project.store / "release"
    release.mkdir()
    write_text(release / "weights", "numbers")
    ref = BaseModelRef(name="tiny", revision=None, content_hash="x")
    seal(release, "tiny", {"centre": ref, "edge": ref}, None)
    with runs.stage_run("evaluate", {}, {}) as run:
        releases.register(release, {})
        base = trained_on.pretrained_on(project.store / "corpus/chats.jsonl", project.store / "dialogues")
        trained_on.write(release, project.store / "sets", base, None)
        seal(release, "tiny", {"centre": ref, "edge": ref}, None)
        run.artifact(project.store / "evaluation/report.html")
    releases.promote(releases.register(release, {}, run.run_id))


def prepared(root: Path, patch: pytest.MonkeyPatch) -> Project:
    """An empty project at ``root`` that `kefu forget` takes for its own."""
    patch.chdir(root)  # MLflow puts artefacts of a SQLite store below the working folder
    patch.setenv("KEFU_SECRET", SECRET)
    patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{root / 'mlflow.db'}")
    for name in ("LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY", "KEFU_REDIS_URL"):
        patch.delenv(name, raising=False)
    made = Project(root)
    places: dict[str, Path] = {
        "RAW": root / "store/raw",
        "REVIEWED": root / "store/reviewed",
        "STORE": made.store,
        "RELEASE": made.store / "release",
        "FORGOTTEN": made.ledger,
        "CACHE": root / ".dvc/cache",
        "DVC": root / ".dvc",
    }
    for name, path in places.items():
        patch.setattr(pipeline, name, path)
    patch.setattr(forget_report, "FORGOTTEN", made.ledger)
    return made


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, _empty_database: Path) -> tuple[Path, Path]:
    """Everything holds the person, also DVC's cache: where it was made (paths in MLflow name it), and a copy."""
    folder = tmp_path_factory.mktemp("forget")
    (folder / "work").mkdir()
    shutil.copy(_empty_database, folder / "work/mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        project = prepared(folder / "work", patch)
        raw_days(project)
        project.ingest()
        derived(project)
        registered(project)
        project.dvc("init", "--no-scm", "-q")
        project.dvc("add", "-q", "store/dialogues", "store/sets", "store/evaluation", "store/raw", "store/reviewed")
    shutil.copytree(folder / "work", folder / "template", symlinks=True)
    return folder / "work", folder / "template"


@pytest.fixture
def full(template: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Project:
    """A fresh copy of the project, in its place; MLflow's database stays, for MLflow keeps it open."""
    work, original = template
    for path in work.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
    shutil.copytree(original, work, symlinks=True, dirs_exist_ok=True, ignore=shutil.ignore_patterns("mlflow.db*"))
    return prepared(work, monkeypatch)
