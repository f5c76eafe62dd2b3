"""Whose a raw record is, told exactly as ingest tells it; and whom an unreadable record may belong to."""

from __future__ import annotations

import hashlib
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from zoneinfo import ZoneInfo

from data.channels import CHANNELS
from data.channels.base import ParsedDialogue
from data.channels.reading.files import LONGEST_LINE, SHOWN, Inputs, OwnedRow, Problem, TextFile
from data.channels.reading.json_arrays import is_array
from data.channels.reading.raw_bytes import wide
from data.forget.csv_rows import RowStart, Table
from data.forget.json_elements import Elements
from data.forget.mentions import Mentions
from data.forget.packed_files import Plain, Stream
from data.ingest.batches import SourceDay
from data.ingest.dedupe.exact import Hashes
from data.ingest.params import Ingest
from data.ingest.validate import Invalid, validate
from kefu.privacy.pseudonyms import is_pseudonym, pseudonym

_NUMBER, _RAW = itemgetter(0), itemgetter(1)
_GATHERED = ("jddc", "serving_log")  # one session from several lines; tables are cut by row
_BY_ROW = (*_GATHERED, "csv")
_UTF8 = 4  # bytes of a character at most: so much less may be shown of what was cut


@dataclass
class OwnedRecords:
    """What of a source's day is the person's, and a sum over everybody else's records.

    Attributes:
        count: how many records; ``texts`` what stood there, ``lines`` each of its lines.
        places: file and line of the unreadable ones; ``shared`` those where something unreadable of others stands, too.
        rows: file and line of their rows in sessions that they share with another customer. Of these sessions
            ``with_others`` are the names, ``quarantined`` the places that quarantine gives them, and ``nobodys``
            counts the rows that name no customer.
        others: number of other records, and the sum of their hashes: equal for equal records in any order.
    """

    sessions: set[str] = field(default_factory=set)
    count: int = 0
    texts: set[str] = field(default_factory=set)
    lines: set[str] = field(default_factory=set)
    places: set[RowStart] = field(default_factory=set)
    shared: set[RowStart] = field(default_factory=set)
    rows: set[RowStart] = field(default_factory=set)
    with_others: set[str] = field(default_factory=set)
    quarantined: set[RowStart] = field(default_factory=set)
    nobodys: int = 0
    others: tuple[int, int] = (0, 0)

    def add(self, item: ParsedDialogue | Problem, gathered: bool) -> None:
        """One more record of theirs; ``gathered`` from several lines, not an element whose lines are everybody's."""
        self.count += 1
        self.texts.add(item.raw)
        rows = item.raw.split("\n") if gathered else [item.raw]
        self.lines.update(text for line in rows if (text := line.strip("\r\n")).strip())
        if isinstance(item, Problem):
            self.places.add((item.file, item.line))

    def add_other(self, item: ParsedDialogue | Problem, gathered: bool) -> None:
        """One more record of others. Of one ``gathered`` each line counts, for its session may lose the person's."""
        if isinstance(item, Problem):
            self.shared.add((item.file, item.line))
        self.add_others(item.raw.split("\n") if gathered else [f"{type(item).__name__} {item.file} {item.raw}"])

    def add_others(self, texts: Iterable[str]) -> None:
        """Adds texts of other customers to the count and the sum that ``others`` holds."""
        for text in texts:
            digest = hashlib.blake2b(text.encode(errors="replace"))
            count, total = self.others
            self.others = count + 1, (total + int.from_bytes(digest.digest()[:16], "big")) % 2**128


class RecordOwner:
    """Tells whose a record is: of what can be read, exactly as ingest does."""

    def __init__(self, customer: str, params: Ingest) -> None:
        self._customer, self._params, self._zone = customer, params, ZoneInfo(params.timezone)
        self._hashes = Hashes()

    def mentions(self, day: SourceDay) -> Mentions:
        """Looks for the person in what cannot be read."""
        return Mentions(self._customer, day.source)

    def is_theirs(self, item: ParsedDialogue | Problem, day: SourceDay) -> bool:
        """Whether a record is the person's, or what is shown of one that cannot be read."""
        if isinstance(item, Problem):
            mentions, cells = self.mentions(day), item.raw.split("\t")
            return (
                self._customer in item.reason  # two customers in one record
                or mentions.in_text(item.raw)
                or (day.channel == "jddc" and mentions.in_cells(cells, 1))
            )
        if item.customer:
            known = item.pseudonymous and is_pseudonym(item.customer)
            try:
                return self._customer == (item.customer if known else pseudonym(item.customer))
            except UnicodeEncodeError:
                return False
        return self._customer in {pseudonym(f"{day.source}:{session}") for session in self.sessions(item)}

    def sessions(self, item: ParsedDialogue) -> set[str]:
        """What ingest may call the session: its id, or a hash where the id is personal or missing."""
        if item.session is not None:
            return self._names(item.session)
        try:
            return {f"x_{self._hashes.key(None, validate(item, self._params, self._zone)).hex()}"}
        except Invalid:
            return set()

    @staticmethod
    def _names(session: str) -> set[str]:
        return {session, f"s_{pseudonym(session)[2:]}"}

    def read(self, day: SourceDay) -> OwnedRecords:
        """Sorts the records of a source's day into theirs and others'.

        Of unreadable ones that are not shown whole, only those that turn out to be theirs count.
        """
        found, cut = OwnedRecords(), defaultdict[str, set[int]](set)
        by_row = day.channel in _BY_ROW
        for item in CHANNELS[day.channel](Inputs(day.files, day.options)):
            if isinstance(item, Problem) and item.rows:
                self._share(item, day, found)
            elif self.is_theirs(item, day):
                found.add(item, day.channel in _GATHERED)
                if isinstance(item, ParsedDialogue):
                    found.sessions |= self.sessions(item)
            elif isinstance(item, Problem) and not 0 < len(item.raw.encode(errors="replace")) < SHOWN - _UTF8:
                cut[item.file].add(item.line)
            else:
                found.add_other(item, by_row)
        for path in day.files:
            places = {(path.name, line) for line in self._naming(path, day, cut[path.name])} if path.name in cut else ()
            found.count += len(places)
            found.places.update(places)
        return found

    def _share(self, session: Problem, day: SourceDay, found: OwnedRecords) -> None:
        """Of a session with several customers only the person's rows are theirs, and rows that name them."""
        own = {row for row in session.rows if self._is_their_row(row, day)}
        for row in session.rows:
            if row not in own:
                found.add_others(row.raw.split("\n"))
                found.nobodys += bool(own) and not row.customer
        if own:
            found.count += len(own)
            found.rows.update((row.file, row.line) for row in own)
            found.with_others |= self._names(session.session)
            found.quarantined.add((session.file, session.line))

    def _is_their_row(self, row: OwnedRow, day: SourceDay) -> bool:
        if row.customer:
            return row.customer == self._customer
        return self.is_theirs(Problem(row.file, row.line, "", row.raw), day)

    def _naming(self, path: Path, day: SourceDay, cut: set[int]) -> Iterator[int]:
        """Lines on which something unreadable stands that names the person, looked at whole."""
        mentions, inputs = self.mentions(day), Inputs((path,), day.options)
        file = TextFile(path, inputs)
        if day.channel == "csv":
            yield from Table(path, day).naming(mentions)
        elif is_array(file):
            elements = Elements(file, inputs)
            yield from (one.line for one in elements if one.damaged and mentions.in_bytes(one.raw))
            if elements.broken and mentions.in_parts(elements.tape.rest()):
                yield elements.line
            return
        if wide(path, day.options.encoding):  # damage hides all that follows it
            yield from sorted(cut)[-1:] if mentions.in_parts(Plain(path).blocks()) else ()
            return
        wanted = (one for one in _numbered(path) if one[0] in cut)
        yield from (line for line, parts in groupby(wanted, _NUMBER) if mentions.in_parts(map(_RAW, parts)))


def _numbered(path: Path) -> Iterator[tuple[int, bytes]]:
    """Number and bytes of each line, of a long one in parts; also what can be read of a last one that was cut."""
    number, source = 1, io.BufferedReader(Stream(Plain(path).blocks()))
    while raw := source.readline(LONGEST_LINE):
        yield number, raw
        number += raw.endswith(b"\n")
