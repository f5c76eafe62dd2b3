"""A raw file without some of its lines, or without some elements of the array that it is.

Compression and encoding stay. What stays is copied as bytes, so damage elsewhere stays what it was: a gzip file
that stops early is written to where it can be read, and stops early again, so that ingest goes on saying so.
"""

from __future__ import annotations

import codecs
import io
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from data.channels.reading.encoding import Undecodable
from data.channels.reading.files import LONGEST_LINE, TextFile
from data.forget.broken_arrays import ArrayTail
from data.forget.json_elements import Element, Elements
from data.forget.packed_files import Plain, Stream, open_plain

Drop = Callable[[int, str], bool]  # number of a line, its text
_MARKS = {
    b"\xff\xfe\0\0": "utf-32-le",
    b"\0\0\xfe\xff": "utf-32-be",
    b"\xff\xfe": "utf-16-le",
    b"\xfe\xff": "utf-16-be",
}


def _start(path: Path, wide: str | None) -> tuple[bytes, str]:
    """The byte order mark of a file, and the encoding that its text has after it ("utf8": its bytes as they are)."""
    with open_plain(path, "rb") as file:
        start = file.read(4)
    if not wide:
        return (b"\xef\xbb\xbf", "utf8") if start.startswith(b"\xef\xbb\xbf") else (b"", "utf8")
    marked = (found for found in _MARKS.items() if start.startswith(found[0]) and found[1].startswith(wide[:6]))
    return next(marked, (b"", wide if wide.endswith(("le", "be")) else f"{wide}-le"))


def _lines(source: io.BufferedReader[Stream], file: TextFile) -> Iterator[tuple[int, bytes, str | None]]:
    """Every line from where ``source`` is: its number, bytes and text; one too long for any record in parts, the
    later ones without text."""
    number, starts = 1, True
    while raw := source.readline(LONGEST_LINE):
        try:
            yield number, raw, file.decode(raw) if starts else None
        except Undecodable:
            yield number, raw, raw.decode(errors="replace")
        starts = raw.endswith(b"\n")
        number += starts


def _wide_lines(source: io.BufferedReader[Stream], encoding: str) -> Iterator[tuple[int, bytes, str | None]]:
    for number, text in enumerate(io.TextIOWrapper(source, encoding, newline="\n"), 1):
        yield number, text.encode(encoding), text


def without_lines(file: TextFile, wide: str | None, out: Path, drop: Drop) -> int:
    """Copies all lines but those that ``drop`` names; returns how many it left out.

    Raises ValueError when the file is damaged in another way than that it stops early.
    """
    lost, gone = 0, False
    mark, encoding = _start(file.path, wide)
    content = Plain(file.path)
    source = io.BufferedReader(Stream(content.blocks()))
    with open_plain(out, "wb") as target:
        target.write(source.read(len(mark)))
        for number, raw, text in _wide_lines(source, encoding) if wide else _lines(source, file):
            gone = drop(number, text.strip("\r\n")) if text is not None else gone
            lost += gone and text is not None
            target.write(b"" if gone else raw)
    content.copy_to(out)
    return lost


def without_elements(
    elements: Elements, file: TextFile, wide: str | None, out: Path, drop: Callable[[Element], bool], tail: ArrayTail
) -> int:
    """Copies an array but for the elements that ``drop`` names, and what follows it but for what ``tail`` cuts.

    Of the commas and space around what goes, the first stay. Returns how many elements and lines went. Raises
    ValueError when the file is damaged in another way than that it stops early, and would have to be written anew.
    """
    mark, encoding = _start(file.path, wide)
    lost, kept, held = 0, False, None
    with open_plain(out, "wb") as target:
        target.write(mark)

        text = codecs.getincrementaldecoder("utf8")()

        def put(raw: bytes) -> None:
            target.write(text.decode(raw).encode(encoding) if wide else raw)

        for element in elements:
            gap = element.gap if held is None else held
            if drop(element):
                lost, held = lost + 1, gap
            else:
                put(gap + element.raw)
                kept, held = True, None
        end = elements.tape.gap(not kept and held is None)
        put(end if held is None or kept else held + end.replace(b",", b""))
        source = io.BufferedReader(Stream(elements.tape.rest()))
        lost += tail.copy(elements, source, put, _lines(source, file))
    if lost and elements.tape.damage:
        content = Plain(file.path)
        deque(content.blocks(), maxlen=0)  # tells what is wrong with it
        content.copy_to(out)
    return lost
