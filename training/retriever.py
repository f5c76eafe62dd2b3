"""Trains the retriever's encoder and builds the index of the shop's knowledge.

Latent semantic analysis of the shop's own texts: deterministic, seconds on a CPU, no download. Each
entry has two vectors: its question with its answer, and all its questions with its answer. A vector for
each single question did worse on four draws of held-out variants (hit@1 about 0.25 against 0.49; the
form was chosen on these draws): short texts look alike for their function words, while the answer adds
the words that the question is about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.svm import LinearSVC
from sklearn.utils.extmath import randomized_svd

from kefu.errors import Unusable
from kefu.knowledge.entries import knowledge_entries, questions, same_answers
from kefu.knowledge.index import Encoder, EncoderConfig, Index, KnowledgeEntry
from kefu.knowledge.projection import Projection
from kefu.knowledge.search import Search, topic_of
from kefu.knowledge.topics import Topics, TopicsConfig
from kefu.metrics.calibration import expected_calibration_error
from kefu.progress import progress
from kefu.schema import RetrievalExample
from kefu.shop.pack import Pack
from kefu.shop.part import Lang
from kefu.shop.slots import language
from kefu.shop.wordings.examples import load_pack_examples
from kefu.shop.wordings.labelled import SHOPPING, UNANSWERED, load_wordings
from kefu.split import labelled_side
from kefu.text.ngrams import count_ngrams, inverse_frequency, normalize, weigh
from training.confidence import LabelledQuestion, fit_confidence, held_out_rows, judged
from training.intents.wishes import redacting
from training.params.retriever import Retriever

REGULARIZATION = 1.0  # 0.3 ranked one to two points fewer held-out messages first
TOLERANCE = 0.05  # coarser than scikit-learn's, for speed
BEFORE = 0.5  # weight of what the assistant said before, beside a text's own; as in the wish classifier


class Asked(NamedTuple):
    """A text and its class. before: what the assistant said before it."""

    text: str
    label: str
    before: str = ""


def train_topics(examples: Sequence[Asked], params: Retriever) -> Topics:
    """Learns classes of texts, and of what was said before them; with fewer than two classes it tells nothing.

    Linear support vector machines (squared hinge, one class against the rest) of character n-grams: they lead 3 to 4
    points more questions to their entry than ridge regression did (docs/measurements/knowledge.md). The pairs are the
    pack's utterances and the index's questions, never labelled turns: questions kept out of an index stay out of its
    topics.
    """
    labels = [example.label for example in examples]
    classes = tuple(sorted(set(labels)))
    config = TopicsConfig(ngrams=params.ngrams, features=params.features, classes=classes if len(classes) > 1 else ())
    if not config.classes:
        return Topics(config, Projection.of_matrix(np.zeros(0, int), np.zeros(0), np.zeros((0, 0)), params.features))
    fields = [([example.text for example in examples], 1.0)]
    if any(example.before for example in examples):
        config = config.model_copy(update={"in_chat": True})
        fields.append(([example.before for example in examples], BEFORE))
    counts = [count_ngrams(texts, params.ngrams, params.features) for texts, _ in fields]
    idf = [inverse_frequency(one, least=1) for one in counts]
    used = [np.flatnonzero(one) for one in idf]
    rows = [
        weight * weigh(one, values)[:, columns]
        for one, values, columns, (_, weight) in zip(counts, idf, used, fields, strict=True)
    ]
    model = LinearSVC(C=REGULARIZATION, tol=TOLERANCE, fit_intercept=False, random_state=params.seed)
    normals = model.fit(sp.hstack(rows, format="csr"), labels).coef_.astype(np.float32)
    if len(classes) == 2:  # scikit-learn gives one row for two classes
        normals = np.vstack([-normals, normals])
    parts = np.split(normals.T, np.cumsum([len(columns) for columns in used])[:-1])
    projections = [
        Projection.of_matrix(columns, values[columns].astype(np.float16), weight * part, params.features)
        for columns, values, part, (_, weight) in zip(used, idf, parts, fields, strict=True)
    ]
    return Topics(config, *projections)


WITHOUT_EVERY = 12  # of the eval side, searched again without its entry: about as many as the confidence expects
DEPTH = 10  # entries looked at for the mean reciprocal rank


def train_encoder(texts: Sequence[str], params: Retriever) -> Encoder:
    """LSA of ``texts`` with at most ``dim`` dimensions (fewer when there are fewer texts).

    Raises Unusable when there is nothing to learn from.
    """
    counts = count_ngrams(texts, params.ngrams, params.features)
    idf = inverse_frequency(counts, least=1)
    used = np.flatnonzero(idf)
    if not len(used):
        raise Unusable("The retriever has no text to learn from: give the pack some FAQ or policies")
    matrix = weigh(counts, idf)[:, used]
    dim = min(params.dim, len(texts), len(used))
    _, _, right = randomized_svd(matrix, dim, random_state=params.seed)
    config = EncoderConfig(ngrams=params.ngrams, features=params.features, dim=dim)
    return Encoder(config, Projection.of_matrix(used, idf[used].astype(np.float16), right.T, params.features))


def build_index(pack: Pack, examples: Sequence[RetrievalExample], params: Retriever) -> Index:
    """Encoder, two vectors for each entry, topics and fitted confidence.

    Args:
        pack: the knowledge.
        examples: the retrieval set; only the questions of its train side are used.
        params: see ``training.params.retriever.Retriever``.
    """
    entries = knowledge_entries(pack)
    labelled = labelled_questions(pack, entries, examples)
    asked = _wordings(pack, entries, examples, labelled)
    utterances = [Asked(u.text, u.intent) for u in load_pack_examples(pack.folder).utterances]
    unanswered = _unanswered(pack, entries, utterances)
    in_chat = [Asked(one.text, one.entry, one.before) for one in labelled if one.before and one.entry]

    with progress("building the index", params.folds + 1) as tick:

        def build(kept: Mapping[str, Sequence[str]], hidden: frozenset[str] = frozenset()) -> Index:
            said, chats = ([one for one in some if one.text not in hidden] for some in (utterances, in_chat))
            index = index_of(entries, kept, said, chats, params)
            tick()
            return index

        confidence = fit_confidence(
            build, asked, unanswered, params.folds, params.unanswerable_share, params.seed, labelled
        )
        return build(asked).with_confidence(confidence)


def _wordings(
    pack: Pack,
    entries: Sequence[KnowledgeEntry],
    examples: Sequence[RetrievalExample],
    labelled: Sequence[LabelledQuestion],
) -> dict[str, list[str]]:
    """Entry id → its questions, its own first, labelled messages last.

    Entries that the retrieval set does not know bring all of theirs.
    """
    of_pack, split = questions(pack), {example.entry_id for example in examples}
    asked = {entry.id: [entry.question, *(() if entry.id in split else of_pack.get(entry.id, ()))] for entry in entries}
    for example in examples:
        if example.split == "train":
            asked[example.entry_id].append(example.question)
    for question in labelled:
        if question.entry and not question.before:
            asked[question.entry].append(question.text)
    return {name: list(dict.fromkeys(some)) for name, some in asked.items()}


def _unanswered(pack: Pack, entries: Sequence[KnowledgeEntry], utterances: Sequence[Asked]) -> list[tuple[str, Lang]]:
    """Texts that no entry answers: the pack's list, and utterances of intents that no entry has."""
    answered = {entry.intent for entry in entries}
    other = [one.text for one in utterances if one.label not in answered]
    return [(text, language(text)) for text in dict.fromkeys([*pack.unanswered, *other])]


def labelled_questions(
    pack: Pack, entries: Sequence[KnowledgeEntry], examples: Sequence[RetrievalExample]
) -> list[LabelledQuestion]:
    """The pack's labelled messages that ask for an entry, of the side to learn from; none of the eval side.

    Of those in a chat also what nothing answers. What leans on the words before it is learned together with these.
    """
    same, known = same_answers(pack), {entry.id for entry in entries}
    hidden = {normalize(example.question) for example in examples if example.split == "eval"}
    found, redact = [], redacting(pack)
    for wording in load_wordings(pack):
        lang = language(wording.say)
        asked = {f"{act.replace('ask:', 'faq:', 1)}:{lang}" for act in wording.acts} & known
        right = frozenset(other for name in asked for other in same.get(name, (name,)))
        if labelled_side(wording.say) != "learn" or normalize(wording.say) in hidden:
            continue
        if right or (wording.after and wording.acts == (UNANSWERED,)):
            alone = len(asked) == 1 and not any(act.partition(":")[0] in ("flow", *SHOPPING) for act in wording.acts)
            only = next(iter(asked)) if alone and (wording.after or len(wording.acts) == 1) else None
            found.append(LabelledQuestion(redact(wording.say), lang, right, only, redact(wording.after)))
    return found


def index_of(
    entries: Sequence[KnowledgeEntry],
    asked: Mapping[str, Sequence[str]],
    utterances: Sequence[Asked],
    in_chat: Sequence[Asked],
    params: Retriever,
) -> Index:
    """An index of some wordings.

    Args:
        asked: entry id → its questions.
        utterances: texts with their intents, of which topics learn.
        in_chat: messages in a conversation with the entries that they ask for.
    """
    wordings = ["\n".join(asked[entry.id]) for entry in entries]
    answers = [entry.answer for entry in entries]
    encoder = train_encoder([*wordings, *answers, *(q for some in asked.values() for q in some)], params)
    vectors = [
        encoder.encode([f"{entry.question}\n{entry.answer}" for entry in entries]),
        _unit(encoder.encode(wordings) + encoder.encode(answers)),
    ]
    # An entry without an intent that customers ask for in several wordings, as a query, is a topic of its own.
    asked_for = [entry for entry in entries if entry.intent or len(asked[entry.id]) > 1]
    own = [Asked(question, topic_of(entry)) for entry in asked_for for question in asked[entry.id]]
    topics = train_topics([*utterances, *own], params)
    alone = [Asked(text, entry.id) for entry in asked_for for text in [*asked[entry.id], entry.answer]]
    by_entry = train_topics([*alone, *in_chat], params)
    owners = [entry.id for entry in entries] * len(vectors)
    return Index(encoder, entries, np.concatenate(vectors), owners, asked, topics, by_entry)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def measure_index(index: Index, examples: Sequence[RetrievalExample]) -> dict[str, float]:
    """hit@1, hit@3, mean reciprocal rank and calibration error on the eval side, within the right language.

    Raises Unusable when there is no eval question.
    """
    held_out = [example for example in examples if example.split == "eval"]
    if not held_out:
        raise Unusable("No held-out question: give the FAQ more variants, or raise build.eval_share")
    languages = {entry.id: entry.lang for entry in index.entries}
    search = Search(index)
    found = [search.search(e.question, languages[e.entry_id], top=DEPTH) for e in held_out]
    ranks = [
        next((rank for rank, hit in enumerate(hits, 1) if hit.entry.id == example.entry_id), 0)
        for hits, example in zip(found, held_out, strict=True)
    ]
    return {
        "hit_at_1": float(np.mean([rank == 1 for rank in ranks])),
        "hit_at_3": float(np.mean([0 < rank <= 3 for rank in ranks])),
        "ece": expected_calibration_error(*judged(index, held_out_rows(index, examples, WITHOUT_EVERY))),
        "mrr": float(np.mean([1 / rank if rank else 0 for rank in ranks])),
        "questions": len(held_out),
        "vectors": len(index.owners),
    }
