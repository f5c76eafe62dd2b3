"""Takes a person's dialogues out of the raw files: the same files without their records, all else as it was.

The channels say which record is whose. A source's rewritten day is read again before it replaces the old
one: nobody else's record may be missing, and nothing of the person may be left.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path

from data.channels import CHANNELS
from data.channels.base import ParsedDialogue, PerLine
from data.channels.reading.files import Inputs, Line, TextFile
from data.channels.reading.json_arrays import is_array
from data.forget.broken_arrays import ArrayTail
from data.forget.csv_rows import Table
from data.forget.json_elements import Element, Elements
from data.forget.mentions import Mentions
from data.forget.ownership import OwnedRecords, RecordOwner
from data.forget.rewrite import without_elements, without_lines
from data.ingest.batches import SourceDay
from data.ingest.ingest import find_days
from data.ingest.params import Ingest
from kefu.io import read_json
from kefu.privacy.pseudonyms import pseudonym

_RAW_FILE = re.compile(r"[^/]+/dt=\d{4}-\d\d-\d\d/[^/]+$")
SETTLE_S = 0.05  # a log line that serving had opened the old file for is written by then


@dataclass
class RemovedRecords:
    """What was found of the person, or removed.

    Attributes:
        ids: of the dialogues; ``places`` of what could not be read: source, day, file, line.
        shared: ids of sessions in which another customer speaks, too: no dialogue now, but one in older versions.
        files: number of those that were rewritten, ``changed``; ``failed`` those that could not be, with the reason.
        unclear: where something stays that may be about the person.
    """

    ids: set[str] = field(default_factory=set)
    places: set[tuple[str, str, str, int]] = field(default_factory=set)
    records: int = 0
    failed: list[str] = field(default_factory=list)
    shared: set[str] = field(default_factory=set)
    unclear: list[str] = field(default_factory=list)
    changed: list[Path] = field(default_factory=list)

    @property
    def files(self) -> int:
        return len(self.changed)

    def add(self, theirs: OwnedRecords, source: str, day: str) -> None:
        """Adds what one day of one source holds of the person."""
        self.records += theirs.count
        self.ids |= {f"{source}:{day}:{session}" for session in theirs.sessions}
        self.shared |= {f"{source}:{day}:{session}" for session in theirs.with_others}
        self.places |= {(source, day, *place) for place in (theirs.places - theirs.shared) | theirs.quarantined}
        if theirs.nobodys:
            self.unclear.append(
                f"{source}/dt={day}: {theirs.nobodys} rows without a customer stay, in sessions that the person shared "
                "with others: see whether they speak of the person, and delete those that do"
            )


def forget_raw(raw: Path, customer: str, params: Ingest, write: bool) -> RemovedRecords:
    """Removes the person from all raw files of all sources. Safe to repeat after a kill at any point.

    Args:
        raw: folder of ``<source>/dt=YYYY-MM-DD/*``.
        customer: pseudonym.
        write: otherwise only tells what would go.
    """
    removed, owner = RemovedRecords(), RecordOwner(customer, params)
    for left in raw.glob("*/dt=*/.forget.*"):
        shutil.rmtree(left)  # of a run that was killed
    for day, sources in find_days(raw, params).items() if any(raw.glob("*/dt=*")) else ():
        for source in sources:
            theirs = owner.read(source)
            if theirs.count:
                removed.add(theirs, source.source, day)
                _rewrite(source, theirs, owner, removed, write)
    return removed


def forget_raw_versions(cache: Path, customer: str, params: Ingest, write: bool) -> int:
    """Deletes what DVC's cache has of raw files that hold the person, of all versions; returns how many objects.

    Each version is read as the raw folder that it was. DVC takes the files that are left in again.
    """
    seen, theirs = set[Path](), set[Path]()
    for listing in sorted(cache.glob("files/md5/??/*.dir")):
        files = {one["relpath"]: listing.parent.parent / one["md5"][:2] / one["md5"][2:] for one in read_json(listing)}
        if not all(_RAW_FILE.match(name) for name in files) or seen.issuperset(files.values()):
            continue
        with tempfile.TemporaryDirectory() as folder:
            for name, path in files.items():
                if path.exists():
                    (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
                    (Path(folder) / name).symlink_to(path.absolute())
            theirs.update(path.readlink() for path in forget_raw(Path(folder), customer, params, False).changed)
        seen.update(files.values())
    for path in theirs if write else ():
        path.unlink()
    return len(theirs)


def _rewrite(source: SourceDay, theirs: OwnedRecords, owner: RecordOwner, removed: RemovedRecords, write: bool) -> None:
    name, left = f"{source.source}/{source.files[0].parent.name}", list[str]()
    with tempfile.TemporaryDirectory(prefix=".forget.", dir=source.files[0].parent) as folder:
        new = {path: Path(folder) / path.name for path in source.files}
        cut = _Cut(source, theirs, owner.mentions(source), left)
        changed = [path for path in source.files if cut.has_changed(path, new[path])]
        again = owner.read(replace(source, files=tuple(new[p] if p in changed else p for p in source.files)))
        if again.count or again.others != theirs.others:
            removed.failed.append(f"{name}: {'; '.join(left) or 'not all of it can be cut out'}")
        removed.changed += changed
        if write:
            for path in changed if again.others == theirs.others else ():
                _replace(path, new[path])


@dataclass
class _Cut:
    """Takes the person out of the files of a source's day. ``left``: why something of them stays."""

    source: SourceDay
    theirs: OwnedRecords
    mentions: Mentions
    left: list[str]

    @cached_property
    def sessions(self) -> set[str]:
        """The person's, also those of which a row cannot be read; for tables only."""
        broken = (Table(path, self.source).sessions(self.theirs.places) for path in self.source.files)
        return self.theirs.sessions.union(*broken)

    def has_changed(self, path: Path, out: Path) -> bool:
        """Writes the file without them to ``out``; False when it holds nothing of them, or cannot be rewritten."""
        try:
            return self._without(path, out) > 0
        except (ValueError, OSError) as error:
            self.left.append(str(error))  # told if it turns out to hold something
            return False

    def _without(self, path: Path, out: Path) -> int:
        inputs = Inputs((path,), self.source.options)
        file = TextFile(path, inputs)
        if self.source.channel == "csv":
            rows = set(Table(path, self.source).lines(self.sessions, self.theirs.places | self.theirs.rows))
            return without_lines(file, _wide(inputs), out, lambda number, _: number in rows)
        if not is_array(file):
            return without_lines(file, _wide(inputs), out, partial(self._is_theirs, path.name))
        tail = ArrayTail(self.mentions, partial(self._is_theirs, path.name), self._is_record, self.left)
        return without_elements(Elements(file, inputs), file, _wide(inputs), out, self._has, tail)

    def _has(self, element: Element) -> bool:
        return self.mentions.in_bytes(element.raw) if element.damaged else element.text in self.theirs.texts

    def _is_theirs(self, name: str, number: int, text: str) -> bool:
        place = name, number
        if place in self.theirs.places or place in self.theirs.rows:
            return True
        return _shown(self.source.channel, text) in self.theirs.lines

    def _is_record(self, text: str) -> bool:
        """Whether the channel reads it; of channels that cannot be asked, any object may be a record."""
        channel = CHANNELS[self.source.channel]
        return not isinstance(channel, PerLine) or isinstance(channel.read(Line("", 1, text)), ParsedDialogue)


def _shown(channel: str, line: str) -> str:
    """A line as the channel shows it to people: jddc's has the customer in its second column."""
    if channel != "jddc" or "\t" not in line:
        return line
    session, customer, *rest = line.split("\t", 2)
    return "\t".join([session, pseudonym(customer), *rest])


def _wide(inputs: Inputs) -> str | None:
    """UTF-16 or UTF-32 when the file was recognised as that; known as soon as it was opened."""
    return next((name for name in inputs.encodings.values() if name.startswith(("utf-16", "utf-32"))), None)


def _replace(path: Path, new: Path) -> None:
    """Puts the new file in place; what serving appended to the old one meanwhile is carried over."""
    shutil.copymode(path, new)
    with path.open("rb") as old:
        if path.suffix in {".gz", ".zst"}:
            new.replace(path)
            return
        size = old.seek(0, os.SEEK_END)
        new.replace(path)
        time.sleep(SETTLE_S)
        old.seek(size)
        if late := old.read():
            with path.open("ab") as file:
                file.write(late)
