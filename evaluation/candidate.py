"""The release under test, opened with the very parts that serving runs, sealed and verified.

So the figures belong to the artefact that will be served. Sessions live in an embedded store of their own and
every conversation begins in a fresh shop: an evaluation leaves no trace in live state, whatever the
environment names.
"""

from __future__ import annotations

import itertools
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

from kefu.intents.router import Router
from kefu.knowledge.entries import questions
from kefu.knowledge.index import Hit, Index, KnowledgeEntry
from kefu.knowledge.search import Search
from kefu.llm.engine import BatchEngine, Engine
from kefu.llm.many_answers import many_answers
from kefu.llm.prompt import answer_messages
from kefu.progress import progress
from kefu.registry.seal import verify
from kefu.schema import Example, Message, SpokenTurn
from kefu.shop.pack import Pack
from kefu.shop.part import Lang
from kefu.shop.slots import language
from serving.dialogue.assistant import Assistant
from serving.dialogue.claims.records import Claim
from serving.dialogue.output_guard import OutputGuard
from serving.dialogue.reply import Reply
from serving.engines.load import close_engines, load_engines
from serving.engines.settings import engine_settings
from serving.knowledge.relevance import Relevance
from serving.knowledge.static import StaticKnowledge
from serving.params import Serving
from serving.sessions.store import Sessions
from serving.sessions.valkey import embedded_store
from serving.tools.demo_database import build, demo_shop, restore

Name = Literal["challenger", "champion"]
StartConversation = Callable[[str | None], "ShopConversation"]  # of a customer (None: a stranger), in a fresh shop


class ShopConversation:
    """A conversation with the whole assistant.

    db: its shop database, until the next conversation begins. turns: what was said so far.
    """

    def __init__(self, assistant: Assistant, db: Path, session: str, customer: str | None) -> None:
        self._assistant, self.db, self._session, self._customer = assistant, db, session, customer
        self.turns: list[SpokenTurn] = []

    def say(self, text: str) -> Reply:
        """The customer's message in, the answer out."""
        reply = self._assistant.reply(self._session, self._customer, text)
        turn = SpokenTurn(said=text, answered=reply.text, route=reply.route, latency_ms=reply.latency_ms)
        self.turns.append(turn)
        return reply

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Rows of the shop database as the conversation left it."""
        with closing(sqlite3.connect(f"file:{self.db}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql)]


class Question(NamedTuple):
    """A held-out conversation up to its answer. hits: what the release's retriever finds for the last message."""

    lang: Lang
    hits: list[Hit]
    spoken: list[Message]

    @property
    def known(self) -> list[KnowledgeEntry]:
        return [hit.entry for hit in self.hits]


@dataclass
class ReleaseUnderTest:
    """An opened release.

    version: its content hash. folder: where it lies. knowledge: as serving searches it. engines: 'centre' and 'edge'.
    start_conversation: begins one of a customer (None: a stranger) in a fresh shop.
    with_one_model: conversations in which this model alone reads and answers; None where no model reads messages
        (``serving.model_reader``, and they were taught acts).
    answer_min_probability: see ``serving.answer_min_probability``.
    """

    name: Name
    version: str
    folder: Path
    pack: Pack
    router: Router
    search: Search
    knowledge: StaticKnowledge
    engines: Mapping[str, BatchEngine]
    start_conversation: StartConversation
    with_one_model: Callable[[str], AbstractContextManager[StartConversation]] | None = None
    answer_min_probability: float = 0.0
    _answers: dict[str, dict[str, str]] = field(default_factory=dict)
    _questions: dict[str, Question] = field(default_factory=dict)
    _guards: dict[str, OutputGuard] = field(default_factory=dict)

    def answers(self, engine: str, examples: Sequence[Example], max_new_tokens: int) -> list[str]:
        """The engine's answers to the examples' prompts; asked once, remembered for other suites."""
        known = self._answers.setdefault(engine, {})
        asked = [example for example in examples if example.id not in known]
        with progress(f"answers, {self.name}'s {engine} model", len(asked)) as tick:
            prompts = [self.prompt(example) for example in asked]
            said = many_answers(self.engines[engine], prompts, max_new_tokens)
            for example, answer in zip(asked, said, strict=True):
                known[example.id] = answer.strip()
                tick()
        return [known[example.id] for example in examples]

    def loss(self, engine: str, example: Example) -> float:
        """Negative log-likelihood (nats) of the example's answer under the prompt that serving would give."""
        return self.engines[engine].loss([*self.prompt(example), example.messages[-1]])[0]

    def prompt(self, example: Example) -> list[Message]:
        """The conversation under the system message that serving would write, with what this release's retriever finds.

        The example's own shows what the sets' search found: they cannot depend on a retriever that is trained on them.
        """
        asked = self._question(example)
        return [*answer_messages(self.pack, asked.lang, asked.known, []), *asked.spoken]

    def heard(self, example: Example, answer: str) -> str:
        """What a customer hears of a model's answer: serving's output guard ends it before the first fault."""
        return "".join(self._guard(example).stream([answer])).strip()

    def unsupported(self, example: Example, answer: str) -> list[Claim]:
        """Claims of a model's answer that nothing supports: knowledge that it was shown, the conversation, the shop."""
        return self._guard(example).unsupported(answer)

    def _guard(self, example: Example) -> OutputGuard:
        if example.id in self._guards:
            return self._guards[example.id]
        asked = self._question(example)
        said = {role: [m.content for m in asked.spoken if m.role == role] for role in ("assistant", "user")}
        shown = [f"{entry.question}\n{entry.answer}" for entry in asked.known] + said["assistant"]
        relevance = Relevance(self.knowledge, asked.hits, asked.lang, self.answer_min_probability)
        guard = OutputGuard(self.pack, {}, asked.lang, shown, "\n".join(said["user"]), relevance)
        return self._guards.setdefault(example.id, guard)

    def _question(self, example: Example) -> Question:
        if example.id not in self._questions:
            spoken = [message for message in example.messages[:-1] if message.role != "system"]
            text = spoken[-1].content
            lang = language(text)
            hits = [hit for hit in self.knowledge.search(text, lang) if hit.entry.kind != "query"]
            self._questions[example.id] = Question(lang, hits, spoken)
        return self._questions[example.id]


@contextmanager
def open_release(name: Name, folder: Path, params: Serving, expected: str | None = None) -> Iterator[ReleaseUnderTest]:
    """Opens a release folder. Raises TamperedRelease when it is not what was sealed (or ``expected``)."""
    manifest = verify(folder, expected)
    with ExitStack() as stack:
        runtime = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kefu-")))
        store = stack.enter_context(closing(embedded_store()))
        search = Search(Index.load(folder / "retriever"))
        engines = load_engines(folder, engine_settings(params))
        stack.callback(close_engines, engines)

        def opened(by_name: Mapping[str, Engine]) -> closing[Assistant]:
            sessions = Sessions(store.url, params.session_ttl_s)
            return closing(Assistant.open(folder, runtime, params, sessions=sessions, engines=by_name))

        assistant = stack.enter_context(opened(engines))
        db, fresh, numbers = demo_shop(folder / "pack", runtime), runtime / "fresh.db", itertools.count()
        build(folder / "pack", fresh)

        def start(answering: Assistant, customer: str | None) -> ShopConversation:
            restore(fresh, db)  # the assistant sees that it is another file
            return ShopConversation(answering, db, f"golden-{next(numbers)}", customer)

        @contextmanager
        def with_one_model(name: str) -> Iterator[StartConversation]:
            with opened(dict.fromkeys(engines, engines[name])) as alone:
                yield partial(start, alone)

        yield ReleaseUnderTest(
            name=name,
            version=manifest.content_hash,
            folder=folder,
            pack=assistant.pack,
            router=Router.load(folder / "router"),
            search=search,
            knowledge=StaticKnowledge(search, questions(assistant.pack)),
            engines=engines,
            start_conversation=partial(start, assistant),
            with_one_model=with_one_model if assistant.models_read else None,
            answer_min_probability=params.answer_min_probability,
        )
