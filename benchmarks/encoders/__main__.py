"""What a sentence encoder adds to n-grams, for wishes and for questions to the knowledge.

    pip install 'kefu[encoder]'
    python -m benchmarks.encoders [--encoder use-multilingual] [--texts 4000]

Both learn from one half of the pack's labelled messages and are measured on the other: which of the wishes a message
is (a linear support vector machine), and which entry a question asks for (ridge regression), each by n-grams, by the
encoder's vectors and by both side by side. These are the methods of the product (``kefu/intents/train.py``,
``training/retriever.py``) without its word groups, so the figures compare features, not systems. Results:
docs/measurements/knowledge.md.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from rich.console import Console
from rich.table import Table
from scipy.linalg import cho_factor, cho_solve
from sklearn.svm import LinearSVC

from kefu.knowledge.entries import knowledge_entries, questions, same_answers
from kefu.paths import ROOT
from kefu.shop.pack import Pack, load_pack
from kefu.shop.slots import language
from kefu.shop.wordings.labelled import load_wordings
from kefu.split import Side, labelled_side
from kefu.text.encoders import ENCODERS, encode
from kefu.text.ngrams import count_ngrams, inverse_frequency, weigh
from pipelines.params import load_params
from training.intents.wishes import wordings_of

NGRAMS, BUCKETS = (1, 4), 1 << 16
SEED, RIDGE = 7, 1.0


class Features(NamedTuple):
    """Rows of the texts to learn from, and of those to measure."""

    learn: sp.csr_matrix
    measure: sp.csr_matrix


class Question(NamedTuple):
    """right: ids of the entries that answer it."""

    text: str
    lang: str
    right: frozenset[str]


def by_ngrams(learn: Sequence[str], measure: Sequence[str]) -> Features:
    counts = [count_ngrams(texts, NGRAMS, BUCKETS) for texts in (learn, measure)]
    idf = inverse_frequency(counts[0], least=1)
    return Features(*(weigh(count, idf) for count in counts))


def by_encoder(name: str, learn: Sequence[str], measure: Sequence[str]) -> tuple[Features, float]:
    """And how many CPU milliseconds a text took, one by one as a conversation sends them."""
    started = time.process_time()
    rows = [sp.csr_matrix(np.vstack([encode(name, [text]) for text in texts])) for texts in (learn, measure)]
    return Features(*rows), 1000 * (time.process_time() - started) / (len(learn) + len(measure))


def beside(one: Features, other: Features) -> Features:
    return Features(*(sp.hstack(pair, format="csr") for pair in zip(one, other, strict=True)))


def wish_accuracy(features: Features, learn: Sequence[str], measure: Sequence[str]) -> float:
    """Share of messages whose class is found. Args: labels of either side."""
    model = LinearSVC(C=1.0, tol=0.01, random_state=SEED).fit(features.learn, learn)
    return float(np.mean(model.predict(features.measure) == np.array(measure)))


def entry_ranks(features: Features, owners: Sequence[str], asked: Sequence[Question]) -> list[int]:
    """Place of the first right entry among those of the question's language, from 0."""
    ids = sorted(set(owners))
    column = {name: place for place, name in enumerate(ids)}
    targets = np.zeros((len(owners), len(ids)), dtype=np.float32)
    targets[np.arange(len(owners)), [column[name] for name in owners]] = 1
    gram = (features.learn @ features.learn.T).toarray() + RIDGE * np.eye(len(owners), dtype=np.float32)
    weights = features.learn.T @ cho_solve(cho_factor(gram), targets)
    scores = np.asarray(features.measure @ weights)
    ranks = []
    for row, question in zip(scores, asked, strict=True):
        order = [ids[place] for place in np.argsort(-row) if ids[place].endswith(f":{question.lang}")]
        ranks.append(next(rank for rank, name in enumerate(order) if name in question.right))
    return ranks


def asked_questions(pack: Pack, side: Side) -> list[Question]:
    """Labelled messages of a side that ask for one entry, and for nothing else."""
    same, known = same_answers(pack), {entry.id for entry in knowledge_entries(pack)}
    found = []
    for wording in load_wordings(pack):
        lang = language(wording.say)
        named = {f"{act.replace('ask:', 'faq:', 1)}:{lang}" for act in wording.acts} & known
        if named and len(wording.acts) == 1 and not wording.after and labelled_side(wording.say) == side:
            right = frozenset(other for name in named for other in same.get(name, (name,)))
            found.append(Question(wording.say, lang, right))
    return found


def measure_wishes(pack: Pack, encoder: str, most: int) -> tuple[dict[str, tuple[float, ...]], int, float]:
    """Features → (accuracy,); how many messages were measured, and CPU milliseconds a text."""
    learn, measure = wordings_of(pack, "learn"), wordings_of(pack, "measure")
    measure = random.Random(SEED).sample(measure, min(most, len(measure)))
    texts = [text.text for text in learn], [text.text for text in measure]
    labels = [text.label for text in learn], [text.label for text in measure]
    ngrams = by_ngrams(*texts)
    vectors, milliseconds = by_encoder(encoder, *texts)
    features = {"n-grams": ngrams, encoder: vectors, "both": beside(ngrams, vectors)}
    return {name: (wish_accuracy(one, *labels),) for name, one in features.items()}, len(measure), milliseconds


def measure_entries(pack: Pack, encoder: str, most: int) -> tuple[dict[str, tuple[float, ...]], int]:
    """Features → (hit@1, hit@3), and how many questions were measured."""
    asked = asked_questions(pack, "measure")
    asked = random.Random(SEED).sample(asked, min(most, len(asked)))
    learned = [(text, entry) for entry, some in questions(pack).items() for text in some]
    learned += [(question.text, min(question.right)) for question in asked_questions(pack, "learn")]
    texts = [text for text, _ in learned], [question.text for question in asked]
    owners = [owner for _, owner in learned]
    ngrams = by_ngrams(*texts)
    vectors, _ = by_encoder(encoder, *texts)
    features = {"n-grams": ngrams, encoder: vectors, "both": beside(ngrams, vectors)}
    ranks = {name: np.array(entry_ranks(one, owners, asked)) for name, one in features.items()}
    return {name: (float((rank == 0).mean()), float((rank < 3).mean())) for name, rank in ranks.items()}, len(asked)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--encoder", choices=sorted(ENCODERS), default="use-multilingual")
    arguments.add_argument("--texts", type=int, default=4000, help="most messages that are measured")
    chosen = arguments.parse_args()
    pack = load_pack(ROOT / load_params().pack)
    wishes, messages, milliseconds = measure_wishes(pack, chosen.encoder, chosen.texts)
    entries, count = measure_entries(pack, chosen.encoder, chosen.texts)
    table = Table("features", f"wish, {messages} messages", f"entry first, {count} questions", "entry among three")
    for name in wishes:
        table.add_row(name, *(f"{value:.1%}" for value in (*wishes[name], *entries[name])))
    Console().print(table)
    print(f"{chosen.encoder}: {milliseconds:.1f} CPU ms a text")


if __name__ == "__main__":
    main()
