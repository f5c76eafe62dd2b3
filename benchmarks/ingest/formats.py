"""The invented day as other channels would bring it: a turn a row, the rows of many sessions mixed as in a log.

A copy of a whole session cannot be told from more turns of it in these formats, so exact duplicates are left out.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from itertools import islice, zip_longest
from typing import IO, Any

from data.channels.params import Columns, Source

CHANNELS = {"kefu_jsonl": "jsonl", "csv": "csv", "jddc": "tsv"}  # and how their files end
_AT_ONCE = 50  # sessions whose turns are mixed
_HEADER = ("session", "customer", "role", "text", "time")
_IS_AGENT = {"customer": "0", "agent": "1"}


def source(channel: str) -> Source:
    """The channel as params.yaml would have it."""
    if channel != "csv":
        return Source(name="shop", channel=channel)
    columns = Columns(**{name: name for name in _HEADER})
    return Source(name="shop", channel="csv", columns=columns, roles={"customer": "customer", "agent": "agent"})


def write(channel: str, lines: Iterable[str], file: IO[str]) -> None:
    """Writes lines of ``kefu_jsonl`` as a file of the channel."""
    if channel == "kefu_jsonl":
        file.writelines(f"{line}\n" for line in lines)
        return
    table = csv.writer(file, lineterminator="\n")
    if channel == "csv":
        table.writerow(_HEADER)
    for row, turn in _turns(map(json.loads, lines)):
        if channel == "csv":
            table.writerow((row["session"], row["customer"], turn["role"], turn["text"], turn["time"]))
        else:
            cells = row["session"], row["customer"], _IS_AGENT[turn["role"]], "0", "0", "nan", turn["text"]
            file.write("\t".join(cells) + "\n")


def _turns(rows: Iterable[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
    rows = iter(rows)
    while some := list(islice(rows, _AT_ONCE)):
        for said in zip_longest(*(row["turns"] for row in some)):
            yield from ((row, turn) for row, turn in zip(some, said, strict=True) if turn)
