"""The likeliest way of cutting a run of Chinese characters into words, by their frequencies alone."""

from __future__ import annotations

from kefu.privacy.detectors.word_segmentation import LONGEST, Lexicon


def forward(run: str, known: Lexicon) -> list[float]:
    """The likeliest reading of every beginning of a run."""
    words, end = known.words, len(run)
    best = [0.0] + [-1e9] * end
    for at in range(end):
        here = best[at]
        best[at + 1] = max(best[at + 1], here + words.get(run[at], known.unknown))
        for stop in range(at + 2, min(at + LONGEST, end) + 1):
            word = words.get(run[at:stop])
            if word is not None and here + word > best[stop]:
                best[stop] = here + word
    return best


def backward(run: str, known: Lexicon) -> list[float]:
    """The likeliest reading of every end of a run."""
    words, end = known.words, len(run)
    best = [0.0] * (end + 1)
    for at in range(end - 1, -1, -1):
        reading = words.get(run[at], known.unknown) + best[at + 1]
        for stop in range(at + 2, min(at + LONGEST, end) + 1):
            word = words.get(run[at:stop])
            if word is not None and word + best[stop] > reading:
                reading = word + best[stop]
        best[at] = reading
    return best


def own(piece: str, known: Lexicon) -> float:
    """The likeliest reading of two or three characters (or four) by themselves."""
    words, unknown = known.words, known.unknown
    one, last = words.get(piece[0], unknown), words.get(piece[-1], unknown)
    if len(piece) == 2:
        return max(words.get(piece, -99.0), one + last)
    if len(piece) > 3:
        return words.get(piece, -99.0)
    apart = one + words.get(piece[1], unknown) + last
    return max(words.get(piece, -99.0), words.get(piece[:2], -99.0) + last, one + words.get(piece[1:], -99.0), apart)
