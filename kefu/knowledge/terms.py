"""Words of a text for lexical search: Chinese as characters and pairs of them, all else as words cut to a stem.

Pairs are the usual index unit of Chinese without a dictionary (Nie et al. 1999). They and the characters found more
than jieba's words here, whose cut hangs on a dictionary and on the sentence (``docs/measurements/knowledge.md``).
"""

from __future__ import annotations

import re
import unicodedata
from operator import add

from kefu.text.placeholders import without_numbers

STEM = 5  # letters; prices, priced and price are one term
_RUNS = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+|[^\W_\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
_WIDE = "\u3400"


def terms(text: str) -> list[str]:
    """Terms in their order, with repetitions."""
    found: list[str] = []
    for run in _RUNS.findall(unicodedata.normalize("NFKC", without_numbers(text)).casefold()):
        if run[0] < _WIDE:
            found.append(run[:STEM])
        else:
            found.extend(run)
            found.extend(map(add, run, run[1:]))
    return found
