"""Encoder and index over the fixture pack."""

from pathlib import Path

import numpy as np
import pytest

from data.sets.retrieval import retrieval_examples
from kefu.knowledge.entries import knowledge_entries
from kefu.knowledge.index import Index
from kefu.knowledge.search import Search
from kefu.knowledge.topics import Topics
from kefu.schema import RetrievalExample
from kefu.shop.pack import load_pack
from kefu.text.ngrams import count_row
from pipelines.params import load_params
from tests.fixtures.chatter import chatter
from training.retriever import Asked, build_index, measure_index, train_topics

PARAMS = load_params()
PACK = load_pack(Path("tests/fixtures/pack"))
EXAMPLES = retrieval_examples(PACK, chatter(50, seed=9)[0], PARAMS.build.model_copy(update={"eval_share": 0.3}))


def test_held_out_questions_find_their_entry_in_their_language(tmp_path: Path) -> None:
    index = build_index(PACK, EXAMPLES, PARAMS.retriever)
    figures = measure_index(index, EXAMPLES)
    assert figures["questions"] == sum(e.split == "eval" for e in EXAMPLES) > 3
    assert figures["hit_at_3"] >= 0.9
    assert figures["hit_at_1"] > 0.6
    hits = Search(index).search("When do you open?", "zh")
    assert {hit.entry.lang for hit in hits} == {"zh"}


def test_what_is_loaded_finds_what_was_saved_and_the_bytes_repeat(tmp_path: Path) -> None:
    for name in ("a", "b"):
        build_index(PACK, EXAMPLES, PARAMS.retriever).save(tmp_path / name)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name
    index, loaded = build_index(PACK, EXAMPLES, PARAMS.retriever), Index.load(tmp_path / "a")
    texts = ["几点关门", "espresso beans?", ""]
    np.testing.assert_array_equal(loaded.encoder.encode(texts), index.encoder.encode(texts))
    for text in texts:
        assert Search(loaded).search(text, "en") == Search(index).search(text, "en")


def test_vectors_have_unit_length_and_nothing_known_is_no_direction() -> None:
    index = build_index(PACK, EXAMPLES, PARAMS.retriever)
    np.testing.assert_allclose(np.linalg.norm(index.vectors, axis=1), 1, atol=1e-3)
    assert index.encoder.encode(["几点关门"]).dtype == np.float32
    assert set(index.owners) == {entry.id for entry in knowledge_entries(PACK)}


def test_policies_are_found_too() -> None:
    index = build_index(PACK, EXAMPLES, PARAMS.retriever)
    hits = Search(index).search("May I bring my dogs to the terrace", "en", top=2)
    assert "policy:house#2" in [hit.entry.id for hit in hits], "a model is shown it"
    assert hits[0].probability < 0.5, "and no FAQ is taken for its answer"


def test_without_held_out_questions_it_says_what_to_do() -> None:
    train = [e for e in EXAMPLES if e.split == "train"]
    with pytest.raises(ValueError, match="build.eval_share"):
        measure_index(build_index(PACK, train, PARAMS.retriever), train)


def test_no_question_is_on_both_sides() -> None:
    sides = {split: {e.question for e in EXAMPLES if e.split == split} for split in ("train", "eval")}
    assert sides["eval"] and not sides["train"] & sides["eval"]
    assert {e.source for e in EXAMPLES} == {"faq", "dialogue"}
    assert all(isinstance(e, RetrievalExample) for e in EXAMPLES)


@pytest.mark.parametrize("classes", [2, 3])
def test_topics_lead_to_the_class_whose_words_a_text_has(classes: int) -> None:
    words = ["发票 抬头", "退货 原因", "券 满减"][:classes]
    pairs = [Asked(f"{text}{end}", text) for text in words for end in ("吗", "怎么弄", "，谢谢")]
    params = PARAMS.retriever
    topics = train_topics(pairs, params)
    for text in words:
        found = topics.log_probabilities(count_row(f"请问{text}", params.ngrams, params.features))
        assert topics.config.classes[int(found.argmax())] == text
    assert not train_topics(pairs[:3], params).config.classes


def test_topics_tell_the_same_words_apart_by_what_was_said_before(tmp_path: Path) -> None:
    said = {"refund": "订单已取消，原路退回", "exchange": "换货申请已提交，上门取件"}
    params = PARAMS.retriever
    told = [Asked(text, name, before) for name, before in said.items() for text in ("要多久", "几天能好", "多久呀")]
    train_topics(told, params).save(tmp_path, "asked")
    topics = Topics.load(tmp_path, "asked")
    counted = {name: count_row(before, params.ngrams, params.features) for name, before in said.items()}
    for name, before in counted.items():
        found = topics.log_probabilities(count_row("要多久", params.ngrams, params.features), before)
        assert topics.config.classes[int(found.argmax())] == name
