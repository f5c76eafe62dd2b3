"""The wish classifier on the demo pack's wordings: trained on one side, better than chance on the other."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from kefu.intents.wishes import REPLY, WISHES, Said, WishClassifier, wish_class
from kefu.split import Side, labelled_side
from pipelines.params import load_params
from tests.fixtures import micro
from tests.fixtures.demo_pack import PACK
from training.intents.wishes import LabelledText, class_of, measure_wishes, train_wishes, wordings_of

PARAMS = load_params()


@cache
def classifier() -> WishClassifier:
    return WishClassifier.load(micro.shared() / "router" / WISHES)


@cache
def texts_of(side: Side) -> list[LabelledText]:
    return wordings_of(PACK, side)


def test_it_reads_the_side_that_it_did_not_learn_from() -> None:
    quality = measure_wishes(classifier(), texts_of("measure"))
    assert quality["wish_accuracy"] > 0.55  # 0.35 of the texts are questions, the greatest class
    assert quality["wish_ece"] < 0.1


def test_a_rival_is_another_class_and_stands_only_where_the_first_is_not_sure() -> None:
    texts = [Said(wording.text) for wording in texts_of("measure")][:400]
    found = classifier().predict_many(texts)
    rivals = [wish for wish in found if wish.rival]
    assert rivals and all(wish.rival != wish.label and wish.probability < 0.75 for wish in rivals)
    assert any(not wish.rival for wish in found)


def test_among_some_classes_one_of_them_is_meant() -> None:
    among, said = {"query:my_coupons", "query:order_coupon"}, Said("取消了再拍我那20的券能用吗")
    assert classifier().predict(said, among=among).label in among
    known, unlikely = (classifier().predict(Said("我的包裹到哪了"), among=among, least_share=s) for s in (0.0001, 1.0))
    assert known.probability > unlikely.probability


def test_no_text_is_in_both_halves() -> None:
    learnt = {text.text for text in texts_of("learn") if labelled_side(text.text) == "learn"}
    assert not learnt & {text.text for text in texts_of("measure") if labelled_side(text.text) == "measure"}


def test_nothing_is_a_reply_where_nothing_was_asked() -> None:
    replies = [text for text in texts_of("measure") if text.label == REPLY and text.previous]
    assert replies
    for said in ([Said(t.text) for t in replies], [Said(t.text, t.previous, asked=False) for t in replies]):
        assert REPLY not in {wish.label for wish in classifier().predict_many(said)}


def test_what_was_said_last_tells_what_a_follow_up_is_about() -> None:
    """那大概周几能到, after a parcel was told: where the wording alone is read wrong, what stood before it decides."""
    follow_ups = [text for text in texts_of("measure") if text.previous and text.label.startswith("flow:")]
    alone = classifier().predict_many([Said(text.text) for text in follow_ups])
    after = classifier().predict_many([Said(text.text, text.previous, asked=False) for text in follow_ups])
    right = [sum(w.label == t.label for w, t in zip(found, follow_ups, strict=True)) for found in (alone, after)]
    assert right[1] > right[0]


def test_questions_are_one_class_and_so_are_answers() -> None:
    assert {wish_class("ask:ship_fee"), wish_class("unanswered")} == {"ask"}
    assert {wish_class("yes"), wish_class("reply")} == {REPLY}
    assert wish_class("flow:return") == "flow:return"


def test_a_pack_without_wordings_trains_none() -> None:
    folder = Path(mkdtemp())
    bare = PACK.model_copy(update={"folder": folder})
    assert not train_wishes(bare, PARAMS.router, folder / WISHES)
    assert not (folder / WISHES).exists()


def test_an_answer_beside_a_wish_is_the_wish_and_two_wishes_are_none() -> None:
    assert class_of(["yes", "ask:return_pickup"]) == "ask"
    assert class_of(["reply", "no"]) == REPLY
    assert class_of(["flow:cancel", "flow:parcel"]) is None
