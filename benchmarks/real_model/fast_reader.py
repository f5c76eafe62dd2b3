"""What the fast reader of a release makes of messages that open a conversation, each of a signed-in customer."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from kefu.acts import Unclear
from pipelines.params import load_params
from serving.dialogue.assistant import Assistant
from serving.dialogue.reading.message import Message, Reading
from serving.sessions.session import Session
from serving.sessions.store import Held, Sessions
from serving.sessions.valkey import embedded_store


class Listening:
    """Reads as the fast reader does, and keeps the message and what was read."""

    def __init__(self, assistant: Assistant) -> None:
        self._reader = assistant._reader
        self.last: tuple[Message, Reading] | None = None

    def read(self, message: Message) -> Reading:
        reading = self._reader.read(message)
        self.last = message, reading
        return reading


@contextmanager
def open_assistant(release: Path) -> Iterator[Assistant]:
    """The assistant of a release, without models, on a store of its own."""
    with tempfile.TemporaryDirectory() as folder, closing(embedded_store()) as store:
        params = load_params().serving
        sessions = Sessions(store.url, params.session_ttl_s)
        with closing(Assistant.open(release, Path(folder), params, sessions=sessions, engines={})) as assistant:
            yield assistant


def read_openings(assistant: Assistant, says: Iterable[str]) -> Iterator[tuple[Message, Reading]]:
    """Each message with its reading, in their order."""
    assistant._reader = listening = Listening(assistant)
    for say in says:
        session = Session(id=uuid.uuid4().hex, customer=assistant.pack.shop.demo_customers[0])
        assistant._understand(Held(session, None, "", ""), say, None, 0.0)
        assert listening.last
        session.turns.clear()  # as it was when the message was read
        yield listening.last


def is_sure(reading: Reading, min_probability: float) -> bool:
    """Whether the cascade would ask no model (``serving.dialogue.reading.model_reader.CascadeReader``)."""
    return all(not isinstance(act, Unclear) and act.probability >= min_probability for act in reading.acts)
