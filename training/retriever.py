"""Trains the retriever's encoder and builds the index of the shop's knowledge.

Latent semantic analysis of the shop's own texts: deterministic, seconds on a CPU, no download. What it
learns from: the questions that are in the index, the answers, and train turns of customers (so that it
knows the words that customers use). Held-out questions are nowhere in it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.utils.extmath import randomized_svd

from kefu.knowledge import knowledge_entries
from kefu.ngrams import count_ngrams, inverse_frequency, weigh
from kefu.pack import Pack
from kefu.params import Retriever
from kefu.retrieval import Encoder, EncoderConfig, Index, KnowledgeEntry
from kefu.schema import RetrievalExample

DEPTH = 10  # entries looked at for the mean reciprocal rank


def train_encoder(texts: Sequence[str], params: Retriever) -> Encoder:
    """LSA of ``texts`` with at most ``dim`` dimensions (fewer when there are fewer texts).

    Raises ValueError when no n-gram is shared by two texts.
    """
    counts = count_ngrams(texts, params.ngrams, params.features)
    idf = inverse_frequency(counts)
    used = np.flatnonzero(idf)
    if not len(used):
        raise ValueError(f"The retriever has too little to learn from: {len(texts)} texts without a common n-gram")
    matrix = weigh(counts, idf)[:, used]
    dim = min(params.dim, len(texts), len(used))
    _, _, right = randomized_svd(matrix, dim, random_state=params.seed)
    projection = np.zeros((params.features, dim), dtype=np.float16)
    projection[used] = right.T
    config = EncoderConfig(ngrams=params.ngrams, features=params.features, dim=dim)
    return Encoder(config, idf.astype(np.float16), projection)


def build_index(pack: Pack, examples: Sequence[RetrievalExample], turns: Sequence[str], params: Retriever) -> Index:
    """Encoder and vectors: each train question leads to its entry, each policy section to itself.

    Args:
        pack: the knowledge.
        examples: the retrieval set; only its train side is used.
        turns: what customers of the train side wrote.
        params: see ``kefu.params.Retriever``.
    """
    entries = knowledge_entries(pack)
    rows = [(e.question, e.entry_id) for e in examples if e.split == "train"]
    rows += [(text, entry.id) for entry in entries if entry.kind == "policy" for text in _policy_texts(entry)]
    texts = [*(text for text, _ in rows), *(entry.answer for entry in entries), *sorted(set(turns))]
    encoder = train_encoder(texts, params)
    return Index(encoder, entries, encoder.encode([text for text, _ in rows]), [owner for _, owner in rows])


def _policy_texts(entry: KnowledgeEntry) -> tuple[str, str]:
    """A section is found by its title or by what it says."""
    return entry.question, f"{entry.question}\n{entry.answer}"


def measure_index(index: Index, examples: Sequence[RetrievalExample]) -> dict[str, float]:
    """hit@1, hit@3 and mean reciprocal rank on the eval side, within the right language.

    Raises ValueError when there is no eval question.
    """
    held_out = [example for example in examples if example.split == "eval"]
    if not held_out:
        raise ValueError("No held-out question: give the FAQ more variants, or raise build.eval_share")
    languages = {entry.id: entry.lang for entry in index.entries}
    found = [index.search([e.question], DEPTH, languages[e.entry_id])[0] for e in held_out]
    ranks = [
        next((rank for rank, hit in enumerate(hits, 1) if hit.entry.id == example.entry_id), 0)
        for hits, example in zip(found, held_out, strict=True)
    ]
    return {
        "hit_at_1": float(np.mean([rank == 1 for rank in ranks])),
        "hit_at_3": float(np.mean([0 < rank <= 3 for rank in ranks])),
        "mrr": float(np.mean([1 / rank if rank else 0 for rank in ranks])),
        "questions": len(held_out),
        "vectors": len(index.owners),
    }
