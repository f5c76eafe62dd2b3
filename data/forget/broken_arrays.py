"""What follows an array in a file: lines, or bytes that cannot be read because the array is broken.

After damage nothing tells where an element starts. A tail that names the person is removed whole if the
channel reads no record in it, as at the end of a file that was not copied whole. With records of others in
it the tail stays and is reported: copying the file again mends it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from data.channels.reading.files import LONGEST_LINE
from data.forget.json_elements import Elements
from data.forget.mentions import Mentions
from data.forget.packed_files import Stream

_PIECE = 1 << 20  # bytes read at a time
_TRIES = 50  # broken starts of objects; after that, records are assumed to be there
WriteBytes = Callable[[bytes], None]
Lines = Iterator[tuple[int, bytes, str | None]]


@dataclass
class ArrayTail:
    """Cuts the person out of what follows an array.

    Attributes:
        theirs: whether a line (number, text) is theirs.
        is_record: whether a JSON object's text is a record of the channel.
        left: why something of theirs stays, if it does.
    """

    mentions: Mentions
    theirs: Callable[[int, str], bool]
    is_record: Callable[[str], bool]
    left: list[str] = field(default_factory=list)

    def copy(self, elements: Elements, source: io.BufferedReader[Stream], put: WriteBytes, lines: Lines) -> int:
        """Copies what is left of ``source`` but for what is theirs; returns how many pieces went."""
        if elements.broken:
            return self._unreadable(iter(lambda: source.read(_PIECE), b""), elements.line, put)
        put(source.read(1))  # the bracket
        lost = self._unreadable(_line(source), elements.line, put)
        gone = False
        for number, raw, text in lines:
            gone = self.theirs(elements.line + number, text.strip("\r\n")) if text is not None else gone
            lost += gone and text is not None
            put(b"" if gone else raw)
        return lost

    def _unreadable(self, parts: Iterator[bytes], line: int, put: WriteBytes) -> int:
        start = bytearray()
        for part in parts:
            start += part
            if len(start) > LONGEST_LINE:
                break
        else:
            if self.mentions.in_bytes(bytes(start)) and not self._holds_records(start.decode(errors="replace")):
                put(b"\n" if start.endswith(b"\n") else b"")
                return 1
        if self.mentions.in_parts(_put(chain([bytes(start)], parts), put)):
            self.left.append(
                f"the array is broken from line {line} on, and what follows names the person beside others: "
                "copy the file again from where it came from, or delete it"
            )
        return 0

    def _holds_records(self, text: str) -> bool:
        """Whether a record that the channel reads stands in it: then its neighbours are others'."""
        at, tries = text.find("{"), 0
        while at >= 0 and tries < _TRIES:
            try:
                _, end = json.JSONDecoder().raw_decode(text, at)
            except (ValueError, RecursionError):
                tries, end = tries + 1, at + 1
            else:
                if self.is_record(text[at:end]):
                    return True
            at = text.find("{", end)
        return tries == _TRIES


def _line(source: io.BufferedReader[Stream]) -> Iterator[bytes]:
    """The rest of a line, in parts."""
    while raw := source.readline(_PIECE):
        yield raw
        if raw.endswith(b"\n"):
            return


def _put(parts: Iterator[bytes], put: WriteBytes) -> Iterator[bytes]:
    for part in parts:
        put(part)
        yield part
