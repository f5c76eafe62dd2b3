"""Plays tasks with scripted customers and the real Assistant (its fast reader, no model), and compares end states."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from benchmarks.tau2.customer import MAX_TURNS, Customer, Wordings
from benchmarks.tau2.database import Shop, export_shop
from benchmarks.tau2.replay import differences, reference_end
from benchmarks.tau2.tasks import Task
from kefu.intents.router import Router
from kefu.knowledge.entries import questions
from kefu.schema import IntentExample, RetrievalExample
from kefu.shop.pack import Pack
from kefu.shop.wordings.examples import load_pack_examples
from pipelines.params import load_params
from serving.dialogue.assistant import Assistant
from serving.dialogue.reply import Reply
from serving.knowledge.static import StaticKnowledge
from serving.sessions.store import Sessions
from serving.sessions.valkey import embedded_store
from serving.tools.demo_database import restore
from serving.tools.shop_db import ToolBox
from training.intents.router import train_router
from training.retriever import build_index


@dataclass
class Conversation:
    """One task, played once. differs: ids of records that did not end as the reference's."""

    task: Task
    trial: int
    turns: list[tuple[str, Reply]] = field(default_factory=list)
    misread: list[str] = field(default_factory=list)
    differs: tuple[str, ...] = ()
    has_written: bool = False
    cpu_s: float = 0.0

    @property
    def is_right(self) -> bool:
        wants_person = self.task.kind == "person"
        return not self.differs and (not wants_person or any(reply.outcome == "handoff" for _, reply in self.turns))

    def transcript(self) -> str:
        lines = [f"task {self.task.id}, trial {self.trial} ({self.task.kind}): differs {self.differs or 'in nothing'}"]
        for said, reply in self.turns:
            about = f"{reply.route} flow={reply.flow} asks={reply.asks} {reply.outcome or ''} acts={reply.acts}"
            lines += [f"  C {said}", f"  K {reply.text}    ({about})".replace("\n", "\n    ")]
        return "\n".join([*lines, *(f"  ! {words}" for words in self.misread)])


@contextmanager
def open_assistant(pack: Pack, db: Path, folder: Path) -> Iterator[Assistant]:
    """An assistant of the pack on ``db``: router and index trained on the pack alone, in ``folder``; no models."""
    params = load_params()
    examples = [
        IntentExample(
            dialogue_id=str(n), turn=0, customer="pack", text=one.text, context=(), intent=one.intent,
            source="pack", confidence=1, split="train",
        )
        for n, one in enumerate(load_pack_examples(pack.folder).utterances)
    ]  # fmt: skip
    train_router(examples, params.router.model_copy(update={"features": 1 << 14}), folder / "router")
    asked = [
        RetrievalExample(question=text, entry_id=owner, split="train", source="faq")
        for owner, some in questions(pack).items()
        for text in dict.fromkeys(some)
    ]
    index = params.retriever.model_copy(update={"features": 1 << 14, "folds": 2})
    build_index(pack, asked, index).save(folder / "retriever")
    knowledge = StaticKnowledge.open(
        folder / "retriever", folder / "runtime", questions(pack), params.serving.milvus_from
    )
    with closing(embedded_store()) as store, closing(knowledge):
        sessions = Sessions(store.url, params.serving.session_ttl_s)
        yield Assistant(
            pack, Router.load(folder / "router"), knowledge, sessions, {}, ToolBox(pack, db), params.serving
        )


def play(
    assistant: Assistant,
    task: Task,
    shop: Shop,
    right: Shop,
    fresh: Path,
    wordings: Wordings,
    trial: int,
    seed: int,
    own_words: bool = False,
) -> Conversation:
    """One conversation on a fresh database, from a stranger's first message on."""
    restore(fresh, assistant.tools.db)
    customer = Customer(task, shop, wordings, trial, seed, own_words)
    played, session = Conversation(task, trial), uuid4().hex
    said: str | None = customer.opening()
    while said and len(played.turns) < MAX_TURNS:
        started = time.process_time()
        reply = assistant.reply(session, None, said)
        played.cpu_s += time.process_time() - started
        played.turns.append((said, reply))
        said = customer.answer(reply)
    found = export_shop(assistant.tools.db)
    played.misread, played.differs = customer.misread, differences(found, right)
    changed = set(differences(found, shop))
    played.has_written = bool(changed & set(played.differs))
    return played


def play_all(
    assistant: Assistant,
    tasks: Sequence[Task],
    shop: Shop,
    fresh: Path,
    wordings: Wordings,
    trials: int,
    seed: int,
    own_words: bool = False,
) -> Iterator[Conversation]:
    """Every task, each ``trials`` times in other words."""
    for task in tasks:
        right, _ = reference_end(task, shop)
        for trial in range(trials):
            yield play(assistant, task, shop, right, fresh, wordings, trial, seed, own_words)
