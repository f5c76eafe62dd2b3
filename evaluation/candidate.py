"""The release under test, opened with the very parts that serving runs, sealed and verified.

So the figures belong to the artefact that will be served. Sessions live in an embedded store of their own and
every conversation begins in a fresh shop: an evaluation leaves no trace in live state, whatever the
environment names.
"""

from __future__ import annotations

import gc
import itertools
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch

from kefu.intents.router import Router
from kefu.knowledge.index import Index
from kefu.knowledge.search import Search
from kefu.llm.engine import Engine
from kefu.registry.seal import verify
from kefu.schema import Example
from kefu.shop.pack import Pack
from serving.dialogue.assistant import Assistant
from serving.dialogue.reply import Reply
from serving.engines.load import load_engines
from serving.params import Serving
from serving.sessions.store import Sessions
from serving.sessions.valkey import embedded_store
from serving.tools.demo_database import build, demo_shop, restore

Name = Literal["challenger", "champion"]


class ShopConversation:
    """A conversation with the whole assistant. ``db``: its shop database, until the next conversation begins."""

    def __init__(self, assistant: Assistant, db: Path, session: str, customer: str | None) -> None:
        self._assistant, self.db, self._session, self._customer = assistant, db, session, customer

    def say(self, text: str) -> Reply:
        """The customer's message in, the answer out."""
        return self._assistant.reply(self._session, self._customer, text)

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Rows of the shop database as the conversation left it."""
        with closing(sqlite3.connect(f"file:{self.db}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql)]


@dataclass
class ReleaseUnderTest:
    """An opened release.

    version: its content hash. engines: 'centre' and 'edge'. start_conversation: begins one of a customer
        (None: a stranger) in a fresh shop.
    """

    name: Name
    version: str
    pack: Pack
    router: Router
    search: Search
    engines: Mapping[str, Engine]
    start_conversation: Callable[[str | None], ShopConversation]
    _answers: dict[tuple[str, str], str] = field(default_factory=dict)

    def answer(self, engine: str, example: Example, max_new_tokens: int) -> str:
        """The engine's answer to the example's prompt; asked once, remembered for other suites."""
        key = engine, example.id
        if key not in self._answers:
            pieces = self.engines[engine].stream(example.messages[:-1], max_new_tokens)
            self._answers[key] = "".join(pieces).strip()
        return self._answers[key]


def free_memory() -> None:
    """Frees models that nothing but their own cycles refers to; the collector alone would run some time later."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


@contextmanager
def open_release(name: Name, folder: Path, params: Serving, expected: str | None = None) -> Iterator[ReleaseUnderTest]:
    """Opens a release folder. Raises TamperedRelease when it is not what was sealed (or ``expected``)."""
    manifest = verify(folder, expected)
    with ExitStack() as stack:
        runtime = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kefu-")))
        store = stack.enter_context(closing(embedded_store()))
        sessions, engines = Sessions(store.url, params.session_ttl_s), load_engines(folder)
        assistant = stack.enter_context(
            closing(Assistant.open(folder, runtime, params, sessions=sessions, engines=engines))
        )
        db, fresh, numbers = demo_shop(folder / "pack", runtime), runtime / "fresh.db", itertools.count()
        build(folder / "pack", fresh)

        def start_conversation(customer: str | None) -> ShopConversation:
            restore(fresh, db)  # the assistant sees that it is another file
            return ShopConversation(assistant, db, f"golden-{next(numbers)}", customer)

        yield ReleaseUnderTest(
            name=name,
            version=manifest.content_hash,
            pack=assistant.pack,
            router=Router.load(folder / "router"),
            search=Search(Index.load(folder / "retriever")),
            engines=engines,
            start_conversation=start_conversation,
        )
