"""Converts a batch of raw records: parses, checks, redacts and hashes them. The same batch gives the same result.

It runs in this process, in worker processes or on other machines. Everything that needs to see more
than one dialogue (duplicates, two dialogues under one session id) is left to ``decide.py``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from data.channels import CHANNELS
from data.channels.base import ParsedDialogue, PerLine
from data.channels.reading.files import Line, Problem
from data.ingest.batches import Batch
from data.ingest.converted import ConvertedBatch, Fingerprints, Row, record_batch
from data.ingest.dedupe.exact import Hashes
from data.ingest.dedupe.minhash import seed, signatures
from data.ingest.params import Ingest
from data.ingest.quarantine import to_rejected
from data.ingest.validate import Invalid, runs_backwards, validate
from kefu.errors import KefuError
from kefu.privacy.pseudonyms import fingerprint, is_pseudonym, pseudonym
from kefu.privacy.redact import Redactor

_PSEUDONYM = re.compile(r"c_[0-9a-f]{16}")
_MADE_UP = re.compile(r"[0-9a-fA-F-]{32,36}")  # UUIDs and the like, in which digits look like phones by chance
_FACT = 1 << 32  # a known outcome or rating outweighs any number of turns


class OtherSecret(KefuError, RuntimeError):
    """A worker's KEFU_SECRET is not that of the process that started it."""


@dataclass(frozen=True)
class Settings:
    """What converting hangs on; sent to every worker. The secret itself is not: ``secret`` is its fingerprint."""

    params: Ingest
    pii: Mapping[str, str]
    things: tuple[str, ...]
    forgotten: Mapping[str, str]
    secret: str


class _Kept(NamedTuple):
    row: Row
    key: bytes
    session: int
    customer: int  # 0: not known


class Converter:
    """Converts batches. Raises OtherSecret where the secret is another one."""

    def __init__(self, settings: Settings) -> None:
        if fingerprint() != settings.secret:
            raise OtherSecret("KEFU_SECRET differs on this worker; set the same one on every machine of the cluster")
        self._params, self._forgotten = settings.params, settings.forgotten
        self._zone = ZoneInfo(settings.params.timezone)
        self._redactor, self._hashes, self._seed = Redactor(settings.pii, settings.things), Hashes(), seed()

    def __call__(self, batch: Batch) -> ConvertedBatch:
        kept: list[_Kept] = []
        problems: list[str] = []
        forgotten = 0
        for item in batch.items:
            found = self._convert(item, batch)
            if found is None:
                forgotten += 1
            elif isinstance(found, str):
                problems.append(found)
            else:
                kept.append(found)
        rows = [one.row for one in kept]
        return ConvertedBatch(
            len(batch.items), forgotten, record_batch(rows), self._fingerprints(kept), problems, batch.encodings
        )

    def _convert(self, item: Line | Problem | ParsedDialogue, batch: Batch) -> _Kept | str | None:
        """A row, a quarantined record as JSON, or None for a dialogue of somebody who was forgotten."""
        if isinstance(item, Line):
            channel = CHANNELS[batch.channel]
            assert isinstance(channel, PerLine)
            item = channel.read(item)
        if isinstance(item, ParsedDialogue):
            customer = self._customer(item)
            if customer and self._is_forgotten(customer, batch.day):
                return None
            try:
                return self._keep(item, customer, batch)
            except Invalid as error:
                item = Problem(item.file, item.line, str(error), item.raw)
        record = to_rejected(batch.source, item, self._redactor)
        if self._forgotten:
            named = {*_PSEUDONYM.findall(f"{record.reason} {record.raw}"), *(row.customer for row in item.rows)}
            if any(self._is_forgotten(customer, batch.day) for customer in named):
                return None
        return record.model_dump_json()

    def _is_forgotten(self, customer: str, day: str) -> bool:
        return day <= self._forgotten.get(customer, "")

    @staticmethod
    def _customer(item: ParsedDialogue) -> str | None:
        if not item.customer:
            return None
        if item.pseudonymous and is_pseudonym(item.customer):
            return item.customer
        try:
            return pseudonym(item.customer)
        except UnicodeEncodeError:
            return None  # half a surrogate pair: ``validate`` refuses the record

    def _keep(self, item: ParsedDialogue, customer: str | None, batch: Batch) -> _Kept:
        turns = validate(item, self._params, self._zone)
        key = self._hashes.key(item.session, turns)
        session = self._session(item.session, key)
        vault: dict[str, str] = {}
        texts = self._redactor.dialogue([(turn.role == "customer", turn.text) for turn in turns], vault)
        redacted = [turn._replace(text=text) for turn, text in zip(turns, texts, strict=True)]
        kinds = sorted(name[1 : name.rindex("_")] for name, value in vault.items() if value != name)  # else: came so
        row = Row(
            f"{batch.source}:{batch.day}:{session}",
            batch.source,
            batch.channel,
            batch.day,
            customer or pseudonym(f"{batch.source}:{session}"),  # unknown: a person of their own
            redacted,
            item.outcome or "unknown",
            item.csat,
            item.file,
            item.line,
            " ".join(kinds),
            runs_backwards(turns),
        )
        known = int(customer[2:], 16) if customer else 0
        return _Kept(row, key, self._hashes.session(batch.source, session), known)

    def _session(self, session: str | None, key: bytes) -> str:
        """The source's id; one with personal data in it, or none at all, gives way to a keyed hash."""
        if session is None:
            return f"x_{key.hex()}"
        found = self._redactor.find(session)
        personal = found and not _MADE_UP.fullmatch(session)
        return f"s_{pseudonym(session)[2:]}" if personal else session

    def _fingerprints(self, kept: Sequence[_Kept]) -> Fingerprints:
        rows = [one.row for one in kept]
        completeness = [_FACT * ((row.outcome != "unknown") + (row.csat is not None)) + len(row.turns) for row in rows]
        return Fingerprints(
            np.frombuffer(b"".join(one.key for one in kept), np.uint64).reshape(-1, 2),
            np.array([one.session for one in kept], np.uint64),
            signatures([row.turns for row in rows], self._params.near_duplicates.shortest, self._seed),
            np.array(completeness, np.int64),
            np.array([one.customer for one in kept], np.uint64),
        )
