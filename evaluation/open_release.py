"""Opens a release for evaluation with the very parts that serving runs, sealed and verified.

Sessions live in an embedded store of their own and every conversation begins in a freshly built shop, so an
evaluation leaves no trace in live state, whatever the environment names.
"""

from __future__ import annotations

import itertools
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, cast

from evaluation.candidate import Engine, Name, Said, Subject
from kefu.intents.router import Router
from kefu.knowledge.index import Index
from kefu.registry.seal import verify
from serving.dialogue.assistant import Assistant
from serving.engines.load import load_engines
from serving.params import Serving
from serving.sessions.store import Sessions
from serving.sessions.valkey import embedded_store
from serving.tools.demo_database import build, demo_shop


class ShopTalk:
    """One conversation in a fresh shop; see ``evaluation.candidate.Talk``."""

    def __init__(self, assistant: Assistant, db: Path, session: str, customer: str | None) -> None:
        self._assistant, self._db, self._session, self._customer = assistant, db, session, customer

    def say(self, text: str) -> Said:
        return self._assistant.reply(self._session, self._customer, text)

    def query(self, sql: str) -> list[dict[str, Any]]:
        with closing(sqlite3.connect(f"file:{self._db}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql)]


@contextmanager
def opened(name: Name, release: Path, params: Serving, expected: str | None = None) -> Iterator[Subject]:
    """The release as a subject. Raises TamperedRelease when it is not what was sealed (or ``expected``)."""
    manifest = verify(release, expected)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kefu-")))
        store = stack.enter_context(closing(embedded_store()))
        sessions, engines = Sessions(store.url, params.session_ttl_s), load_engines(release)
        assistant = stack.enter_context(
            closing(Assistant.open(release, folder, params, sessions=sessions, engines=engines))
        )
        db, numbers = demo_shop(release / "pack", folder), itertools.count()

        def talk(customer: str | None) -> ShopTalk:
            build(release / "pack", db)  # the assistant opens it anew for every call
            return ShopTalk(assistant, db, f"golden-{next(numbers)}", customer)

        measured = cast(dict[str, Engine], engines)  # serving's protocol has no loss; its engines do
        yield Subject(
            name,
            manifest.content_hash,
            Router.load(release / "router"),
            Index.load(release / "retriever"),
            measured,
            talk,
        )
