"""What gives a person away in an artefact: pseudonym, dialogue ids, and text that no other customer wrote.

Whoever is to be forgotten is known by pseudonym here; the shop's own id never comes this far.
Model weights hold numbers and are not searched for words: ``trained_on`` tells which models saw the person.
"""

from __future__ import annotations

import html
import json
import mmap
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.forget.mentions import Mentions
from data.forget.packed_files import unpack
from data.forget.raw import RemovedRecords
from data.ingest.partition import QUARANTINE
from kefu.io import read_jsonl
from kefu.schema import Rejected
from kefu.store import COPIES, DIALOGUES

SHORTEST = 8  # characters; shorter texts are everybody's


@dataclass(frozen=True)
class Traces:
    """What is known of a person in the store: pseudonym, dialogues, words.

    Attributes:
        ids: of their dialogues.
        texts: redacted turns that no other customer wrote, and what quarantine shows of theirs.
        shared: those of ``ids`` whose dialogue holds words of theirs under another customer's name. Ingest keeps no
            such session; partitions that older versions of it made do.
    """

    customer: str
    ids: frozenset[str] = field(default_factory=frozenset)
    texts: frozenset[str] = field(default_factory=frozenset)
    shared: frozenset[str] = field(default_factory=frozenset)

    def own(self, value: Any) -> bool:
        """Whether a JSON value holds anything of them: as a value, or as a text that quotes them."""
        if isinstance(value, str):
            return self._text_is_theirs(value)
        if isinstance(value, dict):
            return any(map(self.own, value.keys())) or any(map(self.own, value.values()))
        return isinstance(value, list) and any(map(self.own, value))

    def _text_is_theirs(self, text: str) -> bool:
        if self.customer in text or text in self.ids or text.rsplit("#", 1)[0] in self.ids:
            return True
        return any(said in text for said in self.texts) if len(text) >= SHORTEST else False

    def found_in(self, content: bytes | mmap.mmap) -> bool:
        """Whether bytes of a text file hold anything of them: plain, in JSON or in HTML; an id only as a whole."""
        if any(content.find(word) >= 0 for word in self._words):
            return True
        return bool(self.ids) and self._whole_ids.search(content) is not None

    @cached_property
    def _words(self) -> list[bytes]:
        return sorted({spelt for text in (self.customer, *self.texts) for spelt in _spellings(text)})

    @cached_property
    def _whole_ids(self) -> re.Pattern[bytes]:
        ids = sorted({spelt for one in self.ids for spelt in _spellings(one)})
        return re.compile(rb"(?<![\w:.-])(?:" + b"|".join(map(re.escape, ids)) + rb")(?![\w.-])")


def _spellings(text: str) -> set[bytes]:
    spelt = {text, html.escape(text), json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    return {one.encode() for one in spelt}


def holds(path: Path, traces: Traces) -> bool:
    """Whether a file holds anything of the person, whatever its kind. Raises OSError when it cannot be read."""
    with path.open("rb") as file:
        start = file.read(4096)
    if start.startswith(b"PAR1"):
        return any(traces.own(value) for value in _parquet_values(path))
    if start.startswith(b"\x1f\x8b") or start.startswith(b"\x28\xb5\x2f\xfd"):
        return any(traces.found_in(piece) for piece in unpack(path))
    if not start:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if b"\0" in start:  # binary: the pseudonym would stand there plainly
            return content.find(traces.customer.encode()) >= 0
        return traces.found_in(content)


def _parquet_values(path: Path) -> Iterator[object]:
    for batch in pq.ParquetFile(path).iter_batches():
        yield from batch.to_pylist()


def find_traces(store: Path, cache: Path, customer: str, raw: RemovedRecords, public: str) -> Traces:
    """The person's traces in the dialogue store and in older versions of it.

    Args:
        store: folder of the stored days.
        cache: DVC's: a day that the store lost since may still have labels.
        raw: what raw files hold of them.
        public: the shop's own texts; what stands there is not the person's, even if they said it too.
    """
    ids: set[str] = {*raw.ids, *raw.shared}
    shared = pa.array(sorted(raw.shared), pa.string())
    said: set[str] = set()
    stored = sorted([*store.glob(f"dt=*/{DIALOGUES}"), *store.glob(f"dt=*/{COPIES}")])
    for path in [*stored, *_older(cache)]:
        columns = set(pq.read_schema(path).names) & {"id", "customer", "turns"}
        for batch in _batches(path, sorted(columns)) if "customer" in columns else ():
            theirs = pc.equal(batch["customer"], customer)
            own = batch.filter(pc.or_(theirs, pc.is_in(batch["id"], shared)) if len(shared) else theirs)
            ids.update(own["id"].to_pylist())
            said.update(_customer_texts(own).to_pylist() if "turns" in columns else ())
    said.update(_quarantined(store, customer, raw.places))
    candidates = {text for text in said if text and len(text) >= SHORTEST and text not in public}
    others = _said_by_others(store, customer, shared, candidates)
    return Traces(customer, frozenset(ids), frozenset(candidates - others), frozenset(raw.shared))


def _older(cache: Path) -> Iterator[Path]:
    """Parquet files among the cached objects."""
    for path in sorted(cache.glob("files/md5/??/*")):
        with path.open("rb") as file:
            if file.read(4) == b"PAR1":
                yield path


def _batches(path: Path, columns: list[str]) -> Iterable[pa.RecordBatch]:
    return pq.ParquetFile(path).iter_batches(columns=columns)


def _customer_texts(batch: pa.RecordBatch) -> pa.Array:
    turns = batch["turns"].flatten()
    return turns.field("text").filter(pc.equal(turns.field("role"), "customer"))


def _said_by_others(store: Path, customer: str, shared: pa.Array, candidates: set[str]) -> set[str]:
    """Of some texts, those that another customer wrote too: they tell nothing about anybody.

    Dialogues whose ids are ``shared`` do not count: nothing tells who wrote which of their turns.
    """
    wanted, said = pa.array(sorted(candidates), pa.string()), set[str]()
    for path in sorted(store.glob(f"dt=*/{DIALOGUES}")) if candidates else ():
        for batch in _batches(path, ["id", "customer", "turns"]):
            others = pc.and_(pc.not_equal(batch["customer"], customer), pc.invert(pc.is_in(batch["id"], shared)))
            texts = _customer_texts(batch.filter(others))
            said.update(texts.filter(pc.is_in(texts, wanted)).to_pylist())
    return said


def _quarantined(store: Path, customer: str, places: Collection[tuple[str, str, str, int]]) -> Iterator[str]:
    """Texts of rows of quarantine that are the person's, though they bear no pseudonym.

    Such a row has a nested id, or one that the cut took: quarantine shows at most 2,000 characters of a record.

    Args:
        store: folder of the stored days.
        places: source, day, file and line of what raw files hold unreadable of the person.
    """
    for path in sorted(store.glob(f"dt=*/{QUARANTINE}")):
        day = path.parent.name.removeprefix("dt=")
        for row in read_jsonl(path, Rejected):
            if (row.source, day, row.file, row.line) in places or Mentions(customer, row.source).in_text(row.raw):
                yield row.raw
