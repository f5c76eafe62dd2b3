"""What the pack teaches: groups of words, examples, and what is refused."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from kefu.intents.classifier import TextClassifier
from kefu.intents.context import CustomerTurns, PackExample
from kefu.intents.train import fit_classifier, to_pack_examples
from kefu.intents.views import ROUTER_FIELDS
from kefu.intents.word_groups import PAIRED, find_groups, word_counts, word_width
from kefu.paths import ROOT
from kefu.shop.part import PackError
from kefu.shop.taxonomy import load_taxonomy
from kefu.shop.wordings.examples import Utterance, load_pack_examples

WORDS = {"parcel": "快递|parcel", "when": "什么时候|when", "refund": "退款|refund"}
PACK = ROOT / "shop"
SETTINGS: dict[str, Any] = {
    "features": 1024,
    "ngrams": (1, 4),
    "encoder": "none",
    "regularization": 1.0,
    "context_turns": 0,
}


def small(tmp_path: Path, name: str, text: str) -> Path:
    (tmp_path / "examples").mkdir()
    (tmp_path / "taxonomy.yaml").write_text((PACK / "taxonomy.yaml").read_text(encoding="utf8"), encoding="utf8")
    (tmp_path / name).write_text(text, encoding="utf8")
    return tmp_path


def test_groups_are_found_in_every_field_and_pairs_in_the_turn() -> None:
    texts = {"previous": ["您的退款", ""], PAIRED: ["快递什么时候到", "WHEN"]}
    counts = word_counts(WORDS, ["previous", PAIRED], texts).toarray()
    assert counts.shape == (2, word_width(WORDS, ["previous", PAIRED]))
    parcel, refund, when = 0, 1, 2  # in order of name
    begin, pairs = len(WORDS), 2 * len(WORDS)
    wanted = {refund, begin + parcel, begin + when, pairs + parcel * len(WORDS) + when}
    assert set(np.flatnonzero(counts[0])) == wanted
    assert np.flatnonzero(counts[1]).tolist() == [begin + when]
    assert word_counts({}, [PAIRED], {PAIRED: ["a"]}).shape == (1, 0)
    assert find_groups([], ["a", "b"]) == [[], []]


def test_a_model_carries_its_words_and_pickles(tmp_path: Path) -> None:
    fields = {"text": 1.0}
    runs = [
        CustomerTurns(f"{kind}{n}", [{"text": f"{chr(0x4E00 + 89 * n)}{word}{chr(0x5E00 + 31 * n)}"}], [kind])
        for n in range(12)
        for kind, word in (("delivery", "快递" if n % 2 else "parcel"), ("refund", "退款" if n % 2 else "refund"))
    ]
    fitted = fit_classifier(runs, fields=fields, ahead=False, folds=3, seed=7, words=WORDS, **SETTINGS)
    fitted.classifier.save(tmp_path)
    loaded = TextClassifier.load(tmp_path)
    assert loaded.config.features.words == WORDS
    asked = [{"text": "快递 when"}, {"text": "refund"}]
    told = loaded.predict(asked)
    np.testing.assert_array_equal(told, fitted.classifier.predict(asked))
    np.testing.assert_array_equal(told, pickle.loads(pickle.dumps(loaded)).predict(asked))  # noqa: S301 (our own)
    assert [loaded.config.classes[k] for k in told.argmax(axis=1)] == ["delivery", "refund"]


def test_pack_examples_teach_and_are_not_measured() -> None:
    runs = [CustomerTurns(f"d{n}", [{"text": f"{'快递' if n % 2 else '退款'}{n}"}], ["ab"[n % 2]]) for n in range(24)]
    alone = fit_classifier(runs, fields={"text": 1.0}, ahead=False, folds=3, seed=7, **SETTINGS).classifier
    lesser = alone.config.classes[alone.predict([{"text": "木豆"}])[0].argmin()]
    given = [PackExample({"text": text}, lesser) for text in ("木豆怎么用", "木豆没到账", "我的木豆")]
    given.append(PackExample({"text": "木豆"}, "no class of these turns"))
    plain, taught = (
        fit_classifier(
            runs,
            fields={"text": 1.0},
            ahead=False,
            folds=3,
            seed=7,
            pack_examples=some,
            pack_example_weight=0.6,
            **SETTINGS,
        )
        for some in ([], given)
    )
    assert taught.classifier.config.classes == ("a", "b")
    assert taught.probabilities.shape == plain.probabilities.shape == (24, 2)
    place = taught.classifier.config.classes.index(lesser)
    before, after = (f.classifier.predict([{"text": "木豆"}])[0, place] for f in (plain, taught))
    assert after > before + 0.1


def test_a_release_sealed_before_there_were_words_still_opens(tmp_path: Path) -> None:
    runs = [CustomerTurns(f"d{n}", [{"text": f"{'快递' if n % 2 else '退款'}{n}"}], ["ab"[n % 2]]) for n in range(24)]
    classifier = fit_classifier(runs, fields={"text": 1.0}, ahead=False, folds=3, seed=7, **SETTINGS).classifier
    classifier.save(tmp_path)
    (weights,) = tmp_path.glob("*.safetensors")
    save_file({name: value for name, value in load_file(weights).items() if name != "rare"}, weights)
    config = json.loads((tmp_path / "classifier.json").read_text(encoding="utf8"))
    del config["features"]["words"]
    (tmp_path / "classifier.json").write_text(json.dumps(config), encoding="utf8")
    turn = [{"text": "快递到哪了"}]
    np.testing.assert_array_equal(TextClassifier.load(tmp_path).predict(turn), classifier.predict(turn))


def test_the_shops_own_phrases_load() -> None:
    phrases = load_pack_examples(PACK)
    taught = {example.intent for example in phrases.utterances}
    assert len(phrases.words) > 100 and taught == set(load_taxonomy(PACK).names)
    assert all(example.text.strip() for example in phrases.utterances)
    assert sum(1 for example in phrases.utterances if example.before) > 300


def test_an_example_after_the_shops_words_fills_the_fields() -> None:
    example = Utterance("invoice", "专票", before="什么类型的发票", earlier="要发票")
    (sample,) = to_pack_examples([example], ROUTER_FIELDS)
    assert sample == PackExample({"text": "专票", "previous": "什么类型的发票", "earlier": "要发票"}, "invoice")


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("words.yaml", "groups: {a: ['(']}", "words.yaml: groups: '\\('"),
        ("words.yaml", "groups: {yes: ['a']}", "words.yaml: groups"),
        ("examples/nothing.yaml", "said: [a]", "no intent nothing"),
        ("examples/invoice.yaml", "said: [1]", "said.0"),
        ("examples/invoice.yaml", "answers: [{before: a}]", "answers.0.said"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, name: str, text: str, complaint: str) -> None:
    with pytest.raises(PackError, match=complaint):
        load_pack_examples(small(tmp_path, name, text))


def test_a_pack_may_know_nothing_more_than_its_taxonomy(tmp_path: Path) -> None:
    phrases = load_pack_examples(small(tmp_path, "nothing.txt", ""))
    assert phrases.words == {} and phrases.utterances
