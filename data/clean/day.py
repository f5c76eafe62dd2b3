"""One day through the mill: parse, validate, drop duplicates, redact, write, and count that nothing is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import tzinfo
from pathlib import Path
from typing import Any

from data.channels import CHANNELS
from data.channels.base import Parsed, RawTurn
from data.channels.files import Inputs, Problem
from data.clean.dedupe import Seen
from data.clean.partition import PartitionWriter, Row, writing
from data.clean.quarantine import rejected
from data.clean.validate import Invalid, validate
from kefu.params import Ingest, Source
from kefu.redact import Redactor
from kefu.secret import is_pseudonym, pseudonym


class LostRecords(RuntimeError):
    """Records went in and came out nowhere: a defect of this code, never of the data."""


@dataclass(frozen=True)
class SourceDay:
    """The files of one source on one day."""

    source: str
    channel: str
    files: tuple[Path, ...]
    options: Source


@dataclass
class Counts:
    """Records of a day (a dialogue, or a piece that could not be read as one), and what was redacted."""

    read: int = 0
    kept: int = 0
    duplicates: int = 0
    quarantined: int = 0
    turns: int = 0
    redacted: Counter[str] = field(default_factory=Counter)

    def check(self, where: str) -> None:
        """Raises LostRecords unless in = out + duplicates + quarantined."""
        if self.read != self.kept + self.duplicates + self.quarantined:
            raise LostRecords(f"{where}: in ≠ out + duplicates + quarantined: {asdict(self)}")


@dataclass
class Mill:
    """What the days share: parameters, redactor, the keys seen so far."""

    params: Ingest
    zone: tzinfo
    redactor: Redactor
    seen: Seen

    def run(
        self, day: str, sources: Sequence[SourceDay], folder: Path, known: dict[str, Any], tick: Callable[[], None]
    ) -> Counts:
        """Writes the partition of a day; ``known`` is stored beside the counts, ``tick`` called once a record."""
        counts = Counts()
        with writing(folder, known) as writer:
            for source in sources:
                taken: set[str] = set()
                for item in CHANNELS[source.channel](Inputs(source.files, source.options)):
                    counts.read += 1
                    self._take(item, day, source, taken, writer, counts)
                    tick()
            counts.check(day)
            known |= asdict(counts) | {"redacted": dict(sorted(counts.redacted.items()))}
        return counts

    def _take(
        self,
        item: Parsed | Problem,
        day: str,
        source: SourceDay,
        taken: set[str],
        writer: PartitionWriter,
        counts: Counts,
    ) -> None:
        problem = item if isinstance(item, Problem) else None
        if isinstance(item, Parsed):
            try:
                turns = validate(item, self.params, self.zone)
                key = self.seen.key(item.session, turns)
                if key in self.seen:
                    counts.duplicates += 1
                    return
                session = self._session(item.session, key)
                if session in taken:
                    raise Invalid("session: this id belongs to another dialogue of the day, with other turns")
                taken.add(session)
                self.seen.add(key)
                writer.keep(self._row(item, session, turns, day, source, counts), key)
            except Invalid as error:
                problem = Problem(item.file, item.line, str(error), item.raw)
        if problem:
            counts.quarantined += 1
            writer.reject(rejected(source.source, problem, self.redactor))

    def _session(self, session: str | None, key: bytes) -> str:
        """The source's id; one that is personal data itself, or none at all, gives way to a keyed hash."""
        if session is None:
            return f"x_{key.hex()}"
        found = self.redactor.find(session)
        whole = len(found) == 1 and found[0][:2] == (0, len(session))
        return f"s_{pseudonym(session)[2:]}" if whole else session

    def _row(
        self, item: Parsed, session: str, turns: Sequence[RawTurn], day: str, source: SourceDay, counts: Counts
    ) -> Row:
        vault: dict[str, str] = {}
        redacted = [RawTurn(turn.role, self.redactor.redact(turn.text, vault), turn.time) for turn in turns]
        for placeholder, original in vault.items():
            if placeholder != original:  # equal: it came in redacted
                counts.redacted[placeholder[1 : placeholder.rindex("_")]] += 1
        counts.kept += 1
        counts.turns += len(redacted)
        known = item.pseudonymous and item.customer and is_pseudonym(item.customer)
        person = item.customer or f"{source.source}:{session}"  # unknown: a person of their own
        customer = str(item.customer) if known else pseudonym(person)
        identity = f"{source.source}:{day}:{session}"
        return Row(
            identity, source.source, source.channel, day, customer, redacted, item.outcome or "unknown", item.csat
        )
