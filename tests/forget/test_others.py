"""What is not a file of ours: live sessions in a real Valkey, and a Label Studio that is away at first."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import closing
from typing import Any

import pytest

from data.forget import ledger
from data.review.label_studio.client import StudioUnavailable
from kefu.privacy.pseudonyms import pseudonym
from pipelines.commands import forget as pipeline
from pipelines.commands.forget import forget
from serving.sessions.cases import Handoff
from serving.sessions.session import SaidTurn, Session
from serving.sessions.store import Sessions
from serving.sessions.valkey import embedded_store
from tests.forget.conftest import OTHER, PERSON, Project


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sessions]:
    """Both customers and two strangers have a session; both customers wait for a person."""
    with closing(embedded_store()) as store:
        monkeypatch.setenv("KEFU_REDIS_URL", store.url)
        sessions = Sessions(store.url, ttl=600)
        for name, customer in (("a", PERSON), ("b", OTHER), ("c", None), ("d", None)):
            sessions.save(Session(id=name, customer=customer, vault={"[PHONE_1]": "13800138000"}))
        for session, customer in (("a", PERSON), ("b", OTHER)):
            turns = [SaidTurn(role="customer", text="转人工", time=None)]
            at: dict[str, Any] = {"time": "2026-11-03T10:00:00+08:00", "lang": "zh", "intent": "human", "flow": None}
            handoff = Handoff(session=session, customer=pseudonym(customer), slots={}, turns=turns, **at)
            with sessions.hold(session, customer, "m1") as held:
                sessions.commit(
                    held,
                    answer="an answer",
                    log=f'{{"customer": "{pseudonym(customer)}"}}\n',
                    handoff=handoff,
                    turns=turns,
                )
        yield sessions


def test_live_sessions_and_handoffs_go(full: Project, live: Sessions) -> None:
    assert forget(PERSON, write=False).counts["live sessions"] == 2
    assert forget(PERSON).counts["live sessions"] == 2
    assert live.client.exists("kefu:session:a") == 0 and live.client.exists("kefu:session:b", "kefu:session:c") == 2
    assert [waiting.customer for waiting in live.handoffs()] == [pseudonym(OTHER)]
    for kept in ("answer", "case", "turns"):
        assert [name.split(":")[2] for name in live.client.scan_iter(f"kefu:{kept}:*")] == ["b"]
    assert live.client.zrange("kefu:queue", 0, -1) == [f"b {pseudonym(OTHER)}"]
    assert [pseudonym(OTHER) in lines for lines in live.unlogged().values()] == [True]
    assert forget(pseudonym("session:c")).counts["live sessions"] == 1  # a stranger, by the log's pseudonym
    assert live.client.exists("kefu:session:c") == 0 and live.client.exists("kefu:session:d") == 1


def test_a_redis_that_does_not_answer_is_on_the_list_of_things_to_do(
    full: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEFU_REDIS_URL", "redis://127.0.0.1:1")
    assert any("live sessions: ConnectionError" in what for what in forget(PERSON).not_reached)


class Server:
    """A Label Studio that has tasks of these dialogues (the real one: tests/review)."""

    def __init__(self, *dialogues: str) -> None:
        self.dialogues = list(dialogues)

    def delete(self, ids: Collection[str]) -> int:
        before = len(self.dialogues)
        self.dialogues = [one for one in self.dialogues if one not in ids]
        return before - len(self.dialogues)


def test_tasks_go_even_when_the_server_comes_back_after_everything_else_is_gone(
    full: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server("shop:2026-11-01:lin", "shop:2026-11-02:lin", "shop:2026-11-01:w")

    def away(*_: object) -> None:
        raise StudioUnavailable("it does not answer")

    monkeypatch.setattr(pipeline.Studio, "from_environment", away)
    assert any("does not answer" in what for what in forget(PERSON).not_reached)
    assert ":lin" not in full.ledger.read_text()  # it is remembered by keyed hash
    monkeypatch.setattr(pipeline.Studio, "from_environment", lambda *_: server)
    assert forget(PERSON).counts["Label Studio tasks"] == 2
    assert server.dialogues == ["shop:2026-11-01:w"]
    assert [row["state"] for row in ledger.rows(full.ledger)] == ["begun", "done", "done"]
