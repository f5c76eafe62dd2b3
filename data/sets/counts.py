"""How much is in the sets, by side and by language: the figures of the build stage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from kefu.schema import Example, IntentExample, PreferenceExample, RetrievalExample
from kefu.shop.slots import language


def set_counts(
    intents: Sequence[IntentExample],
    conversations: Sequence[Example],
    questions: Sequence[RetrievalExample],
    preferences: Sequence[PreferenceExample] = (),
) -> dict[str, float]:
    """``<set>.<side>`` and ``<set>.<side>.<lang>`` → how many."""
    counts: Counter[str] = Counter()
    for name, rows in (
        ("router", [(e.split, e.text) for e in intents]),
        ("sft", [(e.split, e.messages[-2].content) for e in conversations]),
        ("retrieval", [(e.split, e.question) for e in questions]),
        ("preferences", [(e.split, e.prompt[-1].content) for e in preferences]),
    ):
        for split, text in rows:
            counts.update((f"{name}.{split}", f"{name}.{split}.{language(text)}"))
    reviewed = sum(e.source.startswith("review:") for e in intents)
    return {**counts, "router.reviewed": reviewed, "preferences.pairs": len(preferences)}
