"""All days of all sources into the store, doing only what is new.

A partition carries the fingerprint of all that it was made from: the raw files' bytes, the parameters
that matter, the pack's patterns, the secret (as a fingerprint), this code's ``VERSION``, and the keys
of all earlier days, whose dialogues it must not repeat. When nothing of that changed, the day is not
touched. A day whose raw files are gone keeps its partition: raw data may be thrown away once ingested.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from data.channels import CHANNELS
from data.ingest.batches import SourceDay
from data.ingest.convert import Settings
from data.ingest.day import DayWriter
from data.ingest.dedupe.minhash import ALGORITHM
from data.ingest.params import Ingest
from data.ingest.partition import explain_full_disk, holds, read_earlier, read_facts
from data.ingest.workers import make_runner
from kefu.errors import KefuError
from kefu.io import file_hash
from kefu.privacy.pseudonyms import fingerprint as secret_fingerprint

VERSION = 9  # raise it when the same raw data give other partitions
logger = logging.getLogger(__name__)


class IngestError(KefuError, ValueError):
    """Nothing can be ingested as things stand; the message says what to change."""


@dataclass(frozen=True)
class DayResult:
    """A day of the store. ``state``: written now, unchanged, or without raw data any more."""

    day: str
    state: str
    facts: Mapping[str, Any]


def _day(folder: Path) -> str:
    text = folder.name.removeprefix("dt=")
    try:
        if date.fromisoformat(text).isoformat() == text:
            return text
    except ValueError:
        pass
    raise IngestError(f"{folder}: {text!r} is not a date: name day folders dt=YYYY-MM-DD")


def find_days(raw: Path, params: Ingest) -> dict[str, list[SourceDay]]:
    """Day → its files by source. Raises IngestError when a source cannot be used or there is no day."""
    days: dict[str, list[SourceDay]] = {}
    for source in params.sources:
        if source.channel not in CHANNELS:
            raise IngestError(
                f"params.yaml: ingest.sources: {source.name}: unknown channel {source.channel!r}; "
                f"known: {', '.join(sorted(CHANNELS))}"
            )
        if not (raw / source.name).is_dir():
            logger.info("ingest: source %s has no folder yet (%s)", source.name, raw / source.name)
        for folder in sorted((raw / source.name).glob("dt=*")):
            files = tuple(sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith(".")))
            days.setdefault(_day(folder), []).append(SourceDay(source.name, source.channel, files, source))
    if not days:
        names = ", ".join(f"{raw / source.name}/dt=…" for source in params.sources) or "no source"
        raise IngestError(
            f"No raw data yet (looked for {names}): `make sample` writes the SAMPLE days, or put yours in "
            f"{raw}/<source>/dt=YYYY-MM-DD/ and name the source in params.yaml (ingest.sources)"
        )
    return dict(sorted(days.items()))


def _fingerprint(sources: Iterable[SourceDay], settings: Mapping[str, Any], earlier: str) -> str:
    files = [[s.source, s.channel, f.name, file_hash(f)] for s in sources for f in s.files]
    options = [source.options.model_dump() for source in sources]
    made_from = {"files": files, "options": options, "settings": settings, "earlier": earlier, "version": VERSION}
    return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise IngestError(
            f"params.yaml: ingest.timezone: {name!r} is not an IANA time zone: write one like Asia/Shanghai"
        ) from error


def _remove_leftovers(store: Path) -> None:
    """Folders of a run that was killed while it wrote them."""
    for folder in store.glob(".dt=*"):
        shutil.rmtree(folder)


def _warn(day: str, facts: Mapping[str, Any]) -> None:
    if backwards := facts["clock_backwards"]:
        logger.warning(
            "ingest: %s: in %d dialogues the clock goes backwards; turns stay in the order they were written in",
            day,
            backwards,
        )


def ingest(
    raw: Path,
    store: Path,
    params: Ingest,
    pii: Mapping[str, str],
    tick: Callable[[str, int], None] = lambda day, records: None,
    forgotten: Mapping[str, str] = MappingProxyType({}),
    things: Sequence[str] = (),
) -> Iterator[DayResult]:
    """Brings the store up to date with the raw folder, oldest day first, yielding each day when it is done.

    Args:
        raw: folder of ``<source>/dt=YYYY-MM-DD/*``.
        store: folder of the partitions, ``dt=YYYY-MM-DD/``.
        pii: the pack's patterns, placeholder type → regex.
        tick: called with the day and a number of records, as they are done, for a progress bar.
        things: what the pack's products are called (``Redactor``).
        forgotten: pseudonym → last day on which the person's dialogues are left out.

    Raises:
        IngestError: a source, time zone or day folder that cannot be used, or no data at all.
        DiskFull: the disk is full.
    """
    days = find_days(raw, params)
    _zone(params.timezone)
    _remove_leftovers(store)
    made_from = params.model_dump(exclude={"sources", "runner", "workers"})
    secret = secret_fingerprint()
    made_from |= {"pii": dict(pii), "things": list(things), "secret": secret, "minhash": ALGORITHM}
    with make_runner(Settings(params, dict(pii), tuple(things), dict(forgotten), secret)) as runner:
        writer = DayWriter(runner, params.near_duplicates.similarity)
        chain, done = "", list[str]()  # hash over what all days so far left for later ones
        for day in sorted({*days, *(folder.name.removeprefix("dt=") for folder in store.glob("dt=*"))}):
            folder = store / f"dt={day}"
            known, state = read_facts(folder), "gone"
            if day in days:
                mark = _fingerprint(days[day], made_from, chain)
                left_out = (who for who, last in forgotten.items() if day <= last)
                same = known.get("fingerprint") == mark and not holds(folder, left_out)
                state = "unchanged" if same else "written"
            if state == "written":
                earlier = read_earlier(store, done, day, params.near_duplicates.days)
                with explain_full_disk(folder):
                    writer.write(day, days[day], folder, earlier, {"day": day, "fingerprint": mark}, partial(tick, day))
                known = read_facts(folder)
                _warn(day, known)
            chain = hashlib.sha256(f"{chain}{known['keys']}".encode()).hexdigest()
            done.append(day)
            yield DayResult(day, state, known)
