"""Hybrid search over the demo pack: what it finds, how sure it is, and what the subject adds."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import yaml

from data.sets.retrieval import retrieval_examples
from kefu.knowledge.confidence import FEATURES, Confidence
from kefu.knowledge.entries import knowledge_entries, questions, same_answers
from kefu.knowledge.index import Index, KnowledgeEntry
from kefu.knowledge.lexical import LexicalIndex
from kefu.knowledge.search import MatrixStore, Search, candidates
from kefu.knowledge.terms import terms
from kefu.metrics.calibration import expected_calibration_error
from kefu.paths import ROOT
from kefu.shop.pack import load_pack
from kefu.shop.part import Lang
from kefu.shop.slots import language
from kefu.shop.wordings.labelled import load_wordings
from kefu.split import labelled_side
from kefu.text.ngrams import count_row, normalize
from pipelines.params import load_params
from tests.fixtures import micro
from tests.fixtures.demo_pack import PACK
from training.confidence import LEAST_LABELLED, LabelledQuestion, fit_confidence, held_out_rows, judged
from training.intents.wishes import redacting
from training.retriever import WITHOUT_EVERY, build_index, index_of, labelled_questions

PARAMS = load_params()
EXAMPLES = retrieval_examples(PACK, [], PARAMS.build)
BOUND = PARAMS.serving.faq_min_probability


@pytest.fixture(scope="module")
def index() -> Index:
    return Index.load(micro.shared() / "retriever")


@pytest.fixture(scope="module")
def held_out_index() -> Index:
    """It learned from the train side of ``EXAMPLES`` alone."""
    return build_index(PACK, EXAMPLES, PARAMS.retriever.model_copy(update={"folds": 2}))


@pytest.fixture(scope="module")
def search(index: Index) -> Iterator[Search]:
    opened = Search(index)
    yield opened
    opened.close()


@pytest.mark.slow
def test_the_probability_means_what_it_says_on_held_out_questions(held_out_index: Index) -> None:
    probability, right = judged(held_out_index, held_out_rows(held_out_index, EXAMPLES, WITHOUT_EVERY))
    assert len(right) > 100
    assert expected_calibration_error(probability, right) < 0.14  # fitted on messages; 150 rows: 0.05 of it is chance
    assert (
        right[probability >= np.median(probability)].mean() > 1.5 * right[probability < np.median(probability)].mean()
    )


@pytest.mark.slow
def test_a_question_without_its_entry_is_rarely_believed(held_out_index: Index) -> None:
    rows = [row for row in held_out_rows(held_out_index, EXAMPLES) if not row.right]
    probability, _ = judged(held_out_index, rows)
    assert len(rows) > 30
    assert (probability >= BOUND).mean() < 0.18  # some have another entry that answers as well


@pytest.mark.parametrize(
    "text", ["你会唱歌吗", "法国首都是哪里", "can you sing", "what is the capital of France", "7788"]
)
def test_what_nothing_answers_is_not_believed(search: Search, text: str) -> None:
    hits = search.search(text, "en" if text.isascii() else "zh")
    assert hits[0].probability < BOUND


def test_the_subject_decides_an_elliptic_question(search: Search) -> None:
    for subject, entry in (("恒温电水壶", "kettle_size"), ("空气炸锅", "fryer_size")):
        alone, joined = (search.search("几升的", "zh", context)[0] for context in ((), ("你好", subject)))
        assert joined.entry.id in (f"faq:{entry}:zh", "query:product_size:zh")  # either tells the litres
        assert joined.probability >= alone.probability


def test_the_subject_brings_in_nothing_that_the_question_does_not_speak_of(search: Search) -> None:
    for text in ("法国首都是哪里", "下个月涨工资吗", "你会唱歌吗"):
        assert search.search(text, "zh", ("云朵羽绒枕",))[0].probability < BOUND


def test_candidates_are_the_two_best_when_both_come_near(search: Search) -> None:
    hits = [hit._replace(coverage=1.0) for hit in search.search("退货", "zh")]
    hits[1] = hits[1]._replace(probability=hits[0].probability / 2)
    assert candidates(hits) == hits[:2]
    assert candidates([hits[0], hits[1]._replace(coverage=0.1)]) == hits[:1]  # it has none of the question's words
    assert hits[0].probability >= hits[1].probability
    assert candidates([]) == []
    lone = [hits[0]._replace(probability=0.9), hits[1]._replace(probability=0.01)]
    assert candidates(lone) == lone[:1]


def test_what_is_done_with_hits_does_not_change_what_is_remembered(search: Search) -> None:
    first = search.search("怎么退货", "zh")
    kept = list(first)
    first.clear()
    assert search.search("怎么退货", "zh") == kept
    assert search.search("怎么退货", "zh", top=1) == kept[:1]


def test_only_entries_of_the_language_are_found(search: Search) -> None:
    assert {hit.entry.lang for hit in search.search("退货 return", "en", top=10)} == {"en"}
    assert search.search("   ", "zh") == []


@pytest.mark.parametrize("text", ["？！", "\u200b", "\ud83d\ude00", "x" * 2000, "退" * 2000, "\ud800"])
def test_odd_texts_find_something_without_conviction(search: Search, text: str) -> None:
    assert all(0 <= hit.probability < BOUND for hit in search.search(text, "zh"))


def test_one_row_is_encoded_as_a_batch_is(index: Index) -> None:
    config = index.encoder.config
    for text in ("退货运费谁出", "how much is shipping", ""):
        row = index.encoder.encode_row(count_row(text, config.ngrams, config.features))
        np.testing.assert_allclose(row, index.encoder.encode([text])[0], atol=1e-5)


def test_the_matrix_gives_each_entry_its_nearest_vector(index: Index) -> None:
    vector = index.encoder.encode(["退货运费谁出"])[0]
    found = MatrixStore(index).similarity(vector, "zh")
    for number in (0, 7, len(found) - 1):
        entry = index.of("zh")[number].id
        own = [float(v @ vector) for v, owner in zip(index.vectors, index.owners, strict=True) if owner == entry]
        assert found[number] == pytest.approx(max(own), abs=1e-5)


def test_no_question_with_an_answer_is_among_the_unanswered() -> None:
    asked = {normalize(text) for some in questions(PACK).values() for text in some}
    assert len(PACK.unanswered) > 50
    assert not asked & {normalize(text) for text in PACK.unanswered}


def test_terms_are_characters_pairs_and_stems() -> None:
    assert terms("退货 Returns!") == ["退", "货", "退货", "retur"]
    assert terms("ＱＭ１２ [ORDER_3]") == ["qm12", "order"]
    assert terms("") == []


def test_lexical_scores_are_shares() -> None:
    index = LexicalIndex([["退货运费"], ["换货"]], ["十元", "免费"])
    seen = index.scores("退货运费")
    assert seen.question[0] == pytest.approx(1)
    assert seen.coverage[0] == pytest.approx(1)
    assert 0 < seen.coverage[1] < 1
    assert seen.unknown == 0
    assert index.scores("xyz").unknown == 1
    assert (index.scores("xyz").bm25 == 0).all()


def test_a_confidence_of_other_features_is_refused(index: Index, tmp_path: Path) -> None:
    fewer = dict.fromkeys(FEATURES[1:], 0.0)
    Confidence(ranking=index.confidence.ranking, weights=fewer, bias=0).save(tmp_path)
    with pytest.raises(ValueError, match="run the retriever stage again"):
        Confidence.load(tmp_path)


def test_an_entry_of_no_intent_with_wordings_is_found_as_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the entries of kind query are."""
    pack = load_pack(ROOT / "tests/fixtures/pack")
    query = KnowledgeEntry(id="query:beans:en", kind="query", intent=None, lang="en", question="Beans", answer="Beans")
    monkeypatch.setattr("training.retriever.knowledge_entries", lambda pack: [*knowledge_entries(pack), query])
    wordings = ["how many beans have I got", "my bean balance", "beans left on my card", "show me my beans"]
    monkeypatch.setattr("training.retriever.questions", lambda pack: {query.id: wordings})
    index = build_index(pack, retrieval_examples(pack, [], PARAMS.build), PARAMS.retriever)
    assert index.topics.column[query.id] >= 0
    assert query.id in [hit.entry.id for hit in Search(index).search("show my bean balance", "en", top=2)]


def test_what_only_measures_is_not_in_the_pack() -> None:
    rows = yaml.safe_load((ROOT / "benchmarks/knowledge/measured.yaml").read_text(encoding="utf8"))
    said = {normalize(row["say"]) for lang in ("zh", "en") for row in rows[lang]}
    known = {normalize(text) for some in questions(PACK).values() for text in some} | set(
        map(normalize, PACK.unanswered)
    )
    assert len(said) > 600
    assert not said & known


def test_questions_of_customers_who_did_not_word_the_pack_are_found(index: Index) -> None:
    """A floor under what ``benchmarks/knowledge`` measures exactly."""
    rows, search = (
        yaml.safe_load((ROOT / "benchmarks/knowledge/measured.yaml").read_text(encoding="utf8")),
        Search(index),
    )
    floors: dict[Lang, float] = {"zh": 0.75, "en": 0.7}
    for lang, floor in floors.items():
        asked = [row for row in rows[lang] if row["acts"] != ["unanswered"]]
        found = [{hit.entry.id.rpartition(":")[0] for hit in search.search(row["say"], lang)} for row in asked]
        right = [{act.replace("ask:", "faq:") for act in row["acts"]} for row in asked]
        assert np.mean([bool(a & b) for a, b in zip(found, right, strict=True)]) > floor


def test_a_question_may_name_product_and_place_in_a_story(search: Search) -> None:
    for text, entry in (
        ("上周在你们家买的羊羔绒毯寄到成都来了，我爸妈很喜欢，想问下这种发票怎么开", "invoice_how"),
        ("我在乌鲁木齐，看中一口铸铁锅，不知道你们新疆发不发货", "ship_remote"),
    ):
        assert entry in {hit.entry.id.split(":")[1] for hit in search.search(text, "zh")}


def test_labelled_messages_of_the_eval_side_and_of_the_other_side_fit_nothing() -> None:
    labelled = labelled_questions(PACK, knowledge_entries(PACK), EXAMPLES)
    held_out = {normalize(example.question) for example in EXAMPLES if example.split == "eval"}
    assert len(labelled) > LEAST_LABELLED
    assert not held_out & {normalize(question.text) for question in labelled}
    redact = redacting(PACK)
    learned = {redact(wording.say) for wording in load_wordings(PACK) if labelled_side(wording.say) == "learn"}
    assert {question.text for question in labelled} <= learned


@pytest.mark.parametrize(
    ("before", "entry"),
    [
        ("The exchange of order [ORDER_1] is submitted. The courier collects the old item tomorrow.", "exchange_time"),
        ("Order [ORDER_1] is cancelled; 89.00 yuan go back the way you paid.", "refund_time"),
    ],
)
def test_what_was_said_before_tells_what_a_short_question_asks(search: Search, before: str, entry: str) -> None:
    assert search.search("how long will that take", "en", before=before)[0].entry.id == f"faq:{entry}:en"


def test_of_entries_that_answer_the_same_either_is_right() -> None:
    same = same_answers(PACK)
    assert same["faq:wash_how:en"] == {"faq:wash_how:en", "faq:water_temperature:en", "query:product_washing:en"}
    labelled = labelled_questions(PACK, knowledge_entries(PACK), EXAMPLES)
    washing = [question.right for question in labelled if question.entry == "faq:wash_how:zh"]
    assert washing and all("query:product_washing:zh" in right for right in washing)


def test_the_probability_follows_labelled_messages_not_the_packs_own_wordings() -> None:
    """Messages whose first entry is right every second time make the search half as sure, whatever its wordings say."""
    pack = load_pack(ROOT / "tests/fixtures/pack")
    asked = questions(pack)
    other = {name: next(o for o in asked if o != name and o[-2:] == name[-2:]) for name in asked}
    doubtful = [
        LabelledQuestion(some[0] + "!" * number, name[-2:], frozenset([name if number % 2 else other[name]]))  # type: ignore[arg-type]
        for name, some in asked.items()
        for number in range(2 * LEAST_LABELLED // len(asked) + 2)
    ]

    def build(kept: Mapping[str, Sequence[str]], hidden: frozenset[str]) -> Index:
        return index_of(knowledge_entries(pack), kept, (), (), PARAMS.retriever)

    wordings = {entry.id: [entry.question, *asked.get(entry.id, [])[1:]] for entry in knowledge_entries(pack)}
    plain, taught = (
        build(wordings, frozenset()).with_confidence(
            fit_confidence(build, wordings, [], folds=2, unanswerable_share=0.08, seed=7, labelled=some)
        )
        for some in ((), doubtful)
    )
    texts = [some[0] for some in asked.values()]
    mean = [np.mean([Search(one).search(t, language(t))[0].probability for t in texts]) for one in (plain, taught)]
    assert mean[0] > 0.9 > 0.7 > mean[1] > 0.3
