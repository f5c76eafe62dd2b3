"""What the machine had said of turns that chance drew reaches the ledger by way of the tasks themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from data.labeling.guarantee.audit_ledger import LEDGER, AuditEntry
from data.review.label_studio.annotations import Annotation
from data.review.task_id import decode_mark, encode_mark
from kefu.io import read_jsonl
from pipelines.commands import review as review_tasks
from pipelines.commands.review import pull_reviews
from pipelines.params import load_params
from tests.review.conftest import Team
from tests.review.team import VERSION, answer, params, run, tasks


def test_the_ledger_is_written_though_the_labels_are_gone(
    configured: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    up, review = configured.server, params("audit")
    run(tmp_path, review, drawn={("shop:d:0", 0): True, ("shop:d:1", 0): False, ("shop:d:2", 0): True})
    for task in tasks(up, "audit"):
        if task.data["dialogue_id"] != "shop:d:2":
            answer(up, configured.first, task, "other")
    loaded = load_params().model_copy(update={"review": review})
    monkeypatch.setattr(review_tasks, "load_params", lambda: loaded)
    monkeypatch.setattr(review_tasks, "REVIEWED", tmp_path)
    monkeypatch.setattr(review_tasks, "LABELS", tmp_path / "away while autolabel runs")
    for _ in range(2):
        assert pull_reviews()[1] == 0
        said: dict[str, Any] = {"day": "d", "predicted": "return_request", "confidence": 0.4, "version": VERSION}
        assert list(read_jsonl(tmp_path / LEDGER, AuditEntry)) == [
            AuditEntry(dialogue_id="shop:d:0", turn=0, accepted=True, **said),
            AuditEntry(dialogue_id="shop:d:1", turn=0, accepted=False, **said),
        ]


def test_nobody_without_the_secret_can_tell_an_audit(monkeypatch: pytest.MonkeyPatch) -> None:
    marks = {encode_mark(key, state) for key in ("a", "b") for state in (None, True, False)}
    assert len(marks) == 6 and {len(mark) for mark in marks} == {16}
    assert [decode_mark("a", encode_mark("a", state)) for state in (None, True, False)] == [None, True, False]
    assert decode_mark("b", encode_mark("a", True)) is None and decode_mark("a", None) is None
    before = encode_mark("a", True)
    monkeypatch.setenv("KEFU_SECRET", "another secret, long enough")
    assert decode_mark("a", before) is None


def test_histories_from_before_can_be_read() -> None:
    old = {"id": 1, "server": "s#1", "dialogue_id": "shop:d:0", "turn": 0, "version": VERSION, "round": "first"}
    old |= {"proposal": "other", "confidence": 0.5, "who": "1", "time": "2026-11-09T00:00:00Z", "seconds": None}
    read = Annotation.model_validate(old | {"skipped": False, "intent": "other"})
    assert (read.audited, read.withdrawn) == (None, False)
