"""The best constant sentence and the copied knowledge entry, and models that are no better than they."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest

from evaluation.baselines import best_constant, constant_answers, first_entries
from evaluation.bootstrap import Sample
from evaluation.candidate import ReleaseUnderTest
from evaluation.compare import compare, report
from evaluation.gate import decide
from evaluation.items import Items
from evaluation.params import Gate
from evaluation.suites import answers, baselines
from kefu.knowledge.entries import knowledge_entries
from kefu.knowledge.index import Hit, KnowledgeEntry
from kefu.llm.prompt import answer_messages
from kefu.metrics.text import token_f1
from kefu.schema import Example, Message, Turn
from tests.fixtures.demo_pack import PACK

ENTRIES = knowledge_entries(PACK)
TAUGHT = [
    "您好，请提供一下订单号，我帮您查。",
    "您好，订单号是多少？",
    "今天发货，明天就到。",
    "可以退货。",
    "可以退货。",
]


def example(number: int, question: str, answer: str, shown: Sequence[KnowledgeEntry] = ()) -> Example:
    messages = answer_messages(PACK, "zh", shown, [Turn(role="customer", text=question, time=None)])
    said = (*messages, Message(role="assistant", content=answer))
    return Example(id=f"e{number}", messages=said, split="eval", dialogue_id="d", customer=f"c{number}", intent="x")


def examples(pairs: Sequence[tuple[str, str]]) -> list[Example]:
    return [example(number, *pair) for number, pair in enumerate(pairs)]


def words(rng: random.Random) -> str:
    return "".join(rng.choice("好的请问您要退换货 ab1，。") for _ in range(rng.randrange(1, 25))) + rng.choice("好a")


@pytest.mark.parametrize("seed", range(5))
def test_the_best_constant_is_the_one_that_token_f1_finds(seed: int) -> None:
    rng = random.Random(seed)
    texts = [words(rng) for _ in range(60)]
    texts += texts[:5] * 3  # canned replies count as often as they are said
    scores = {text: sum(token_f1(text, other) for other in texts) for text in texts}
    best = best_constant(texts, seed=7)
    assert scores[best] == pytest.approx(max(scores.values()))
    assert best_constant(list(reversed(texts)), seed=7) == best


def test_of_many_answers_a_seeded_sample_is_compared() -> None:
    rng = random.Random(1)
    texts = [words(rng) for _ in range(5000)]
    assert best_constant(texts, seed=7) == best_constant(texts, seed=7) in texts


def test_each_language_has_its_own_sentence_and_a_new_one_that_of_all() -> None:
    zh = [("在吗", text) for text in TAUGHT]
    en = [("hello", "Please tell me the order number."), ("hi", "Your order number, please.")]
    asked = examples([("几天到", "x"), ("where is it", "x")])
    chinese, english = constant_answers(asked, examples(zh + en), seed=7)
    assert chinese in TAUGHT and english.isascii()
    assert constant_answers(asked, examples(zh), seed=7) == [chinese, chinese]


def test_answers_without_a_word_are_no_sentence() -> None:
    assert best_constant(["……", "!!!", "", "可以。"], seed=7) == "可以。"
    for none in ([], ["……", " "]):
        with pytest.raises(ValueError, match="no training answer has a word"):
            best_constant(none, seed=7)


def test_the_first_entry_is_the_first_that_the_prompt_shows() -> None:
    zh = [entry for entry in ENTRIES if entry.lang == "zh"]
    short = zh[0].model_copy(update={"id": "short", "answer": zh[0].answer[:6]})
    asked = [
        example(0, "几天到", "x", [zh[5], zh[0]]),
        example(1, "几天到", "x", [zh[0], zh[5]]),
        example(2, "在吗", "x"),
    ]
    assert first_entries(asked, [*ENTRIES, short]) == [zh[5].answer, zh[0].answer, ""]


@dataclass
class Says:
    """An engine whose every answer is known."""

    name: str
    texts: dict[str, str]
    tokens_a_character: int = 1
    at_once: int = 4

    def stream(self, messages: Sequence[Message], max_new_tokens: int) -> Iterator[str]:
        yield self.texts[messages[-1].content]

    def loss(self, messages: Sequence[Message]) -> tuple[float, int]:
        length = len(messages[-1].content) + 1
        return 0.5 * length, length * self.tokens_a_character


class FindsNothing:
    """Knowledge in which no question finds an entry."""

    def search(self, text: str, lang: str) -> list[Hit]:
        return []


QUESTIONS = [f"问题{number}" for number in range(40)]
ANSWERS = [TAUGHT[number % 4] for number in range(40)]
CONSTANT = best_constant(TAUGHT, seed=7)
GATE = Gate(at_least={}, at_most={}, better_than_constant=("answers", "edge"), not_worse_than_champion={})


def items() -> Items:
    asked = examples(list(zip(QUESTIONS, ANSWERS, strict=True)))
    return Items([], [], asked, [CONSTANT] * 40, first_entries(asked, ENTRIES), [], 0, max_new_tokens=8, seed=7)


def release_that_says(centre: Sequence[str], edge: Sequence[str]) -> ReleaseUnderTest:
    """A release whose models say this; nothing else in it is asked."""
    said = {"centre": centre, "edge": edge}
    engines = {name: Says(name, dict(zip(QUESTIONS, texts, strict=True))) for name, texts in said.items()}
    nothing = cast(Any, None)
    knowledge = cast(Any, FindsNothing())
    return ReleaseUnderTest("challenger", "hash", PACK.folder, PACK, nothing, nothing, knowledge, engines, nothing)


def verdict(centre: Sequence[str], edge: Sequence[str]) -> str:
    """The gate's."""
    asked, release = items(), release_that_says(centre, edge)
    results = {"answers": answers.centre(release, asked), "edge": answers.edge(release, asked)}
    return decide(GATE, report("challenger", "hash", results), None).verdict


POOR = {
    "the constant sentence": [CONSTANT] * 40,
    "another sentence": ["您好，很高兴为您服务。"] * 40,
    "nothing": [""] * 40,
    "punctuation": ["。。。。"] * 40,
    "right once in forty": [ANSWERS[0], *[CONSTANT] * 39],
    "the right answers to other questions": ANSWERS[1:] + ANSWERS[:1],
}


def test_models_that_answer_pass() -> None:
    assert verdict(ANSWERS, ANSWERS) == "pass"


@pytest.mark.parametrize("poor", POOR.values(), ids=POOR)
def test_a_model_no_better_than_the_constant_sentence_does_not_pass(poor: list[str]) -> None:
    assert verdict(poor, ANSWERS) == verdict(ANSWERS, poor) == "fail"


def test_the_gain_is_paired_item_by_item() -> None:
    release = release_that_says(ANSWERS, ANSWERS)
    model, constant = answers.edge(release, items()), baselines.constant(release, items())
    gain = model.metrics["token_f1"] - constant.metrics["token_f1"]
    assert model.metrics["gain_over_constant"] == pytest.approx(gain)
    assert 0 < model.metrics["gain_over_constant_low"] < gain
    assert constant.samples["token_f1"].mean == Sample.of([token_f1(CONSTANT, a) for a in ANSWERS]).mean


def test_answers_that_serving_would_not_say_are_counted() -> None:
    """Nothing was found for these questions, so an answer that promises something has no source."""
    plain, promise = "可以机洗吗？这一点请看商品页面。", "这款只要99元，明天就到。"
    found = answers.centre(release_that_says([plain, promise, promise, plain] * 10, ANSWERS), items())
    assert found.metrics["withheld"] == 0.5


def test_answers_that_training_has_are_told_apart() -> None:
    """Every fourth held-out answer is new: there a model that knows canned replies by heart shows what it can."""
    by_heart = [text if number % 4 else CONSTANT for number, text in enumerate(ANSWERS)]
    asked = replace(items(), taught=frozenset(ANSWERS) - {ANSWERS[0]})
    found = answers.centre(release_that_says(by_heart, ANSWERS), asked)
    assert found.metrics["seen"] == 0.75
    assert found.metrics["token_f1_unseen"] == pytest.approx(token_f1(CONSTANT, ANSWERS[0]))
    assert found.metrics["token_f1_unseen"] < found.metrics["token_f1"] < found.metrics["token_f1_seen"] == 1
    assert found.metrics["loss_unseen"] == found.metrics["loss_seen"] == pytest.approx(0.5)
    assert [p.seen for p in found.predictions] == [bool(number % 4) for number in range(40)]
    all_taught = answers.centre(release_that_says(by_heart, ANSWERS), replace(asked, taught=frozenset(ANSWERS)))
    assert not {"token_f1_unseen", "loss_unseen"} & all_taught.metrics.keys()


def test_a_challenger_that_learned_by_heart_is_seen_on_the_unseen_answers_alone() -> None:
    """Equal on what training has, worse on the rest: the rows for both have intervals of their own."""
    by_heart = [text if number % 4 else "您好，请稍等。" for number, text in enumerate(ANSWERS)]
    asked = replace(items(), taught=frozenset(ANSWERS) - {ANSWERS[0]})
    own, other = (answers.centre(release_that_says(said, ANSWERS), asked) for said in (by_heart, ANSWERS))
    rows = {row.metric: row for row in compare({"answers": own}, {"answers": other}, seed=7)}
    unseen, seen = rows["token_f1_unseen"].difference, rows["token_f1_seen"].difference
    assert unseen and unseen.high < 0 and unseen.customers == 10
    assert seen and seen.delta == 0 and seen.customers == 30


def test_claims_that_nothing_supports_are_counted_before_the_guard_cuts_them() -> None:
    """Nothing was found for these questions: a price has no source, and a question back claims nothing."""
    ask, price = TAUGHT[1], "这款只要99元。"
    found = answers.centre(release_that_says([ask, price, ask, ask] * 10, ANSWERS), items()).metrics
    assert (found["claiming"], found["grounded"], found["grounded_of_claiming"]) == (0.25, 0.75, 0.0)
    supported = replace(items(), answers=[told_the_price(example) for example in items().answers])
    found = answers.edge(release_that_says(ANSWERS, [price] * 40), supported).metrics
    assert (found["claiming"], found["grounded"], found["grounded_of_claiming"]) == (1.0, 1.0, 1.0)


def told_the_price(asked: Example) -> Example:
    """The same question after the shop has told a price itself."""
    told = Message(role="assistant", content="这款现价99元。")
    return asked.model_copy(update={"messages": (told, *asked.messages)})


@pytest.mark.parametrize("tokens", [1, 3])
def test_loss_is_nats_a_character_whatever_the_tokenizer(tokens: int) -> None:
    release = release_that_says(ANSWERS, ANSWERS)
    for engine in release.engines.values():
        cast(Says, engine).tokens_a_character = tokens
    assert answers.centre(release, items()).metrics["loss"] == pytest.approx(0.5)


@pytest.mark.parametrize("silent", ["", " \n", "。。。", "……", "🙂", "\ufffd\ufffd"])
def test_an_answer_without_a_word_is_empty(silent: str) -> None:
    asked = Items([], [], examples([("在吗", "在的")]), [silent], ["在的"], [], 0, max_new_tokens=8, seed=7)
    release = release_that_says(ANSWERS, ANSWERS)
    assert baselines.constant(release, asked).metrics["empty"] == 1
    assert baselines.first_entry(release, asked).metrics["empty"] == 0
