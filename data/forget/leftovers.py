"""Where an id still stands after everything that could be attributed is gone: searched byte by byte.

The channels say whose a record is; what they do not read (a source that params.yaml no longer names, a column nobody
mapped, another customer's words) they say nothing about. So "nothing of this customer was found" is signed only after
every raw and stored byte was searched for the id: in UTF-8, GB18030, Big5, UTF-16 and UTF-32, with JSON's and HTML's
escapes, in ``.gz``, ``.zst`` and Parquet; and for the pseudonym.

An id counts as a whole word. One of up to five digits ("7") is also an amount and a rating: it counts only after a
key that names a person (``"customer": 7``). Not searched: model weights, live state, what is packed in another way
(``.zip``, ``.xlsx``: said), and, when only the pseudonym is given, any raw id.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.channels.base import PERSON_KEYS
from data.forget.mentions import LONGEST_SHORT, PREFIXES
from data.forget.packed_files import Plain, unpack

_OVERLAP = 4096  # bytes of the block before that are searched again: an id may stand across two
_WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_PACKED = {".zip", ".xlsx", ".xls", ".docx", ".7z", ".rar", ".bz2", ".xz", ".lz4", ".br", ".tar", ".tgz"}
_ESCAPED = frozenset("/&<>\"'\\")  # characters that JSON or HTML may write in another way
_WORD_BYTES = rb"A-Za-z0-9_"


@dataclass
class Leftovers:
    """What a search found.

    Attributes:
        found: files that hold the id, each with how often.
        unsearched: files that could not be searched to their end, each with the reason.
        files: searched ones, and their ``size`` in bytes as they lie on the disk.
    """

    found: list[str] = field(default_factory=list)
    unsearched: list[str] = field(default_factory=list)
    files: int = 0
    size: int = 0


class Needle:
    """An id in every spelling in which it may stand in a file."""

    def __init__(self, ids: Iterable[str]) -> None:
        self._texts = sorted({bare for one in ids for bare in _bare(one)})
        self._narrow = re.compile(b"|".join(map(_pattern, self._texts)))
        simple = all(text.isascii() and not set(text) & _ESCAPED for text in self._texts)
        self._plain = [text.encode() for text in self._texts] if simple else []
        self._wide = [text.encode(name) for text in self._texts if not text.isascii() for name in _WIDE]

    def count(self, block: bytes) -> int:
        """How often the id stands in a block of plain bytes."""
        narrow = block.replace(b"\0", b"") if b"\0" in block else block  # of UTF-16, ASCII is left
        found = sum(block.count(spelt) for spelt in self._wide)
        if self._plain and b"\\u00" not in narrow and not any(text in narrow for text in self._plain):
            return found  # far quicker than the pattern
        return found + sum(1 for _ in self._narrow.finditer(narrow))

    def candidates(self, values: pa.Array) -> Iterator[bytes]:
        """Texts of a column that may hold the id, as they would stand in a file."""
        for text in self._texts:
            for value in values.filter(pc.fill_null(pc.match_substring(values, text), False)).to_pylist():
                yield json.dumps(value, ensure_ascii=False).encode(errors="replace")


def _bare(customer: str) -> Iterator[str]:
    """The id, and without what Chatwoot's and Zendesk's channels put before it."""
    yield customer
    yield from (customer.removeprefix(prefix) for prefix in PREFIXES[1:] if customer.startswith(prefix))


def _pattern(text: str) -> bytes:
    """Bytes of a text: each character plain, in one of several encodings, or escaped."""
    body = b"".join(map(_spellings, text))
    if text.isdecimal() and len(text) <= LONGEST_SHORT:
        keys = b"|".join(key.encode() for key in sorted(PERSON_KEYS))
        return rb'"(?:' + keys + rb')"\s*:\s*"?' + body + rb"(?![" + _WORD_BYTES + rb".])"
    if text.isascii():
        return rb"(?<![" + _WORD_BYTES + rb"])" + body + rb"(?![" + _WORD_BYTES + rb"])"
    if len(text) <= 2:  # two characters are often part of a longer word
        return rb"(?<![" + _WORD_BYTES + rb"\x80-\xff])" + body + rb"(?![" + _WORD_BYTES + rb"\x80-\xff])"
    return body


def _spellings(character: str) -> bytes:
    spelt = {character.encode("utf8", "replace"), html.escape(character).encode("utf8", "replace")}
    for encoding in ("gb18030", "big5"):
        try:
            spelt.add(character.encode(encoding))
        except UnicodeEncodeError:
            continue
    escaped = json.dumps(character)[1:-1] if not character.isascii() else f"\\u{ord(character):04x}"
    spelt |= {escaped.encode(), escaped.upper().replace("\\U", "\\u").encode()}
    if character == "/":
        spelt.add(b"\\/")
    return rb"(?:" + b"|".join(map(re.escape, sorted(spelt))) + rb")"


def search(folders: Iterable[Path], needle: Needle, skip: frozenset[Path] = frozenset()) -> Leftovers:
    """Looks through every file below some folders, but for those in or below ``skip``."""
    left = Leftovers()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not skip.intersection((path, *path.parents)):
                _search(path, path.relative_to(folder.parent).as_posix(), needle, left)
    return left


def _search(path: Path, name: str, needle: Needle, left: Leftovers) -> None:
    left.files, left.size = left.files + 1, left.size + path.stat().st_size
    if path.suffix.lower() in _PACKED:
        left.unsearched.append(f"{name}: {path.suffix} is not read here: unpack it and run again, or delete it")
        return
    try:
        count = _in_parquet(path, needle) if _is_parquet(path) else _in_bytes(path, name, needle, left)
    except (OSError, pa.ArrowException) as error:
        left.unsearched.append(f"{name}: {type(error).__name__} while it was read: copy it again, or delete it")
        return
    count += needle.count(path.name.encode(errors="replace"))
    if count:
        left.found.append(f"{name} ({count} times)" if count > 1 else f"{name} (once)")


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def _in_bytes(path: Path, name: str, needle: Needle, left: Leftovers) -> int:
    plain, before, count = Plain(path), b"", 0
    with path.open("rb") as file:
        packed = file.read(4).startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd"))
    named = path.suffix in {".gz", ".zst"}  # DVC's cache gives its objects no such name
    for block in unpack(path) if packed and not named else plain.blocks():
        count += needle.count(before + block) - needle.count(before)
        before = (before + block)[-_OVERLAP:]
    if plain.damaged:
        left.unsearched.append(f"{name}: damaged, so searched to there only: copy it again, or delete it")
    return count


def _in_parquet(path: Path, needle: Needle) -> int:
    columns = (column for batch in pq.ParquetFile(path).iter_batches() for column in batch.columns)
    texts = (text for column in columns for values in _strings(column) for text in needle.candidates(values))
    return sum(map(needle.count, texts))


def _strings(values: pa.Array) -> Iterator[pa.Array]:
    """All arrays of text in a column, however deep."""
    if pa.types.is_struct(values.type):
        for child in values.flatten():
            yield from _strings(child)
    elif pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
        yield from _strings(values.flatten())
    elif pa.types.is_dictionary(values.type):
        yield from _strings(values.dictionary_decode())
    elif pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        yield values
