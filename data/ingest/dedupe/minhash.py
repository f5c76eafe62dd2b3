"""MinHash signatures of dialogues: 128 bytes each, from which the overlap of two texts can be estimated.

A dialogue is the set of all 5-character pieces of its redacted turns, without case, runs of spaces and
the numbers of placeholders; who speaks is part of the piece that starts a turn. Characters rather than
words, because Chinese has no spaces. The MinHash itself is rensa's; we keep the low byte of each of its
128 values (b-bit MinHash, Li and König 2010): two unrelated values then agree by chance in 1 of 256
cases, which the estimate takes back out. The seed comes from the secret, so that nobody without it can
try out whether a text is in the store.

A dialogue with fewer pieces than ``shortest`` has no signature (all zero): "在吗 – 在的" says too little
for two of them to be copies of one another rather than two people with the same question.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rensa import RMinHash

from data.channels.base import RawTurn
from kefu.privacy.pseudonyms import secret
from kefu.text.placeholders import without_numbers

VALUES = 128  # of a signature, one byte each
WORDS = VALUES // 8  # a signature as unsigned 64-bit words
ALGORITHM = RMinHash.ALGORITHM_VERSION  # signatures of another one cannot be compared
_PIECE = 5  # characters
_CHANCE = 1 / 256
_SPACES = re.compile(r"[^\S\n]+")
_MULTIPLIERS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93, 1], np.uint64)

Signatures = NDArray[np.uint64]  # dialogues × WORDS


def seed() -> int:
    """Returns the seed of MinHash's permutations, derived from the secret."""
    return int.from_bytes(hashlib.blake2b(b"kefu:minhash", digest_size=8, key=secret()[:64]).digest(), "little")


def _characters(dialogues: Sequence[Sequence[RawTurn]]) -> NDArray[np.uint64]:
    """Code points of all dialogues, each ending in a zero (no text holds one)."""
    text = "".join("".join(f"\n{turn.role[0]}{turn.text}" for turn in turns) + "\0" for turns in dialogues)
    plain = _SPACES.sub(" ", without_numbers(text).lower())
    return np.frombuffer(plain.encode("utf-32-le"), np.uint32).astype(np.uint64)


def _pieces(characters: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """A hash for every piece, and where each dialogue's begin (one more than dialogues)."""
    count = max(len(characters) - _PIECE + 1, 0)
    hashes = np.zeros(count, np.uint64)
    inside = np.ones(count, bool)
    for offset, multiplier in enumerate(_MULTIPLIERS):
        column = characters[offset : offset + count]
        hashes += column * multiplier
        inside &= column != 0
    hashes ^= hashes >> np.uint64(32)
    ends = np.flatnonzero(characters == 0)
    before = np.concatenate([[0], np.cumsum(inside)])
    return hashes[inside], np.concatenate([[0], before[np.minimum(ends, count)]])


def signatures(dialogues: Sequence[Sequence[RawTurn]], shortest: int, key: int) -> Signatures:
    """Computes the MinHash signatures of dialogues, one row each.

    Args:
        dialogues: redacted turns.
        shortest: pieces below which a dialogue is not compared.
        key: ``seed()``.
    """
    hashes, starts = _pieces(_characters(dialogues))
    matrix: Any = RMinHash.digest_matrix_from_flat_token_hashes(hashes, starts.astype(np.uint64), VALUES, key)
    values = np.array(matrix.to_rows(), np.uint32).astype(np.uint8).reshape(len(dialogues), VALUES)
    values[np.diff(starts) < shortest] = 0
    return values.view(np.uint64)


def similarity(one: Signatures, other: Signatures) -> NDArray[np.float32]:
    """Estimated Jaccard similarity, row by row: its standard error is 0.026 at 0.9."""
    agree = (one.view(np.uint8) == other.view(np.uint8)).reshape(-1, VALUES).mean(axis=1)
    return np.maximum((agree - _CHANCE) / (1 - _CHANCE), 0).astype(np.float32)
