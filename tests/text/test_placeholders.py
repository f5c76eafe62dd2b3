"""Every type of placeholder that the redactor can make is read alike by all that read redacted text."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest

from data.channels.base import RawTurn
from data.ingest.dedupe.minhash import signatures
from data.labeling.signals.claims import ClaimFinder
from data.labeling.signals.sentiment import NEUTRAL, POSITIVE, SentimentRules
from kefu.paths import ROOT
from kefu.privacy.detectors import registry
from kefu.privacy.redact import Redactor
from kefu.shop.flows import Slot
from kefu.shop.label_patterns import Unit, load_label_patterns
from kefu.shop.part import Text
from kefu.shop.slots import extract
from kefu.text.ngrams import count_ngrams
from kefu.text.placeholders import PLACEHOLDER, without_numbers
from serving.dialogue.output_guard import OutputGuard
from tests.fixtures.demo_pack import PACK

SENTIMENT = load_label_patterns(ROOT / "shop").sentiment


def detector_types() -> set[str]:
    """The types that the detectors name: capital words among the strings of their code."""
    found = set()
    for path in Path(registry.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= set(re.findall(r"\A[A-Z]{2}[A-Z_]*\Z", node.value))
    return found


TYPES = sorted(detector_types() | PACK.shop.pii.keys())
every_type = pytest.mark.parametrize("kind", TYPES)


def test_the_types_are_those_of_the_redactor() -> None:
    assert {"BANK_CARD", "ID_CARD", "NAME", "PHONE", "SSN"} < set(TYPES)
    vault: dict[str, str] = {}
    text = "我叫王小明，手机13800138000，身份证11010519491231002X，卡号4111 1111 1111 1111，邮箱a@b.cn"
    Redactor(PACK.shop.pii).redact(text, vault)
    made = {match[1] for name in vault if (match := PLACEHOLDER.fullmatch(name))}
    assert len(made) == 5 and made < set(TYPES)


@every_type
def test_a_slot_of_this_type_is_filled_and_the_last_one_wins(kind: str) -> None:
    slot = Slot(title=Text(zh="值", en="value"), ask=Text(zh="？", en="?"), pii=kind, pattern=r"\d+")
    assert extract(f"是[{kind}_1]，不对，[{kind}_2]", {"value": slot}, "zh", "value") == {"value": f"[{kind}_2]"}
    assert extract(f"是[{kind}_1]", {"value": slot.model_copy(update={"pii": None})}, "zh", "value") == {}


@every_type
def test_its_number_changes_no_ngram(kind: str) -> None:
    counts = count_ngrams([f"查[{kind}_1]吧", f"查[{kind}_2]吧", f"查[{kind}_31]吧"], (1, 4), 4096).toarray()
    np.testing.assert_array_equal(counts[0], counts[1])
    np.testing.assert_array_equal(counts[0], counts[2])
    assert without_numbers(f"[{kind}_7] [订单x]") == f"[{kind}] [订单x]"


@every_type
def test_thanks_with_data_ask_for_something(kind: str) -> None:
    """Whoever thanks and gives a number wants something done with it; a name beside thanks is courtesy."""
    assert SENTIMENT is not None
    heard = SentimentRules(SENTIMENT).classify(f"谢谢[{kind}_1]")
    assert heard.value == (POSITIVE if kind == "NAME" else NEUTRAL)


@every_type
def test_its_number_claims_nothing(kind: str) -> None:
    find = ClaimFinder([Unit(base="piece", zh=("{n}",))])
    assert find.find(f"您的[{kind}_3]已登记") == set()
    assert find.find("您的3件已登记") == {("piece", 3.0)}


@every_type
def test_dialogues_that_differ_in_its_number_are_near_duplicates(kind: str) -> None:
    dialogues = [[RawTurn("customer", f"帮我查一下[{kind}_{n}]现在到哪里了，已经等了很久")] for n in (1, 24)]
    one, other = signatures(dialogues, 5, 7)
    np.testing.assert_array_equal(one, other)
    assert one.any()


@every_type
def test_a_model_cannot_show_one_it_made_up(kind: str) -> None:
    pieces = ["您的", *f"[{kind}_9]", "在这里"]
    assert f"[{kind}" not in "".join(OutputGuard(PACK, {}, "zh").stream(pieces))
    known = {f"[{kind}_9]": "value"}
    assert f"[{kind}_9]" in "".join(OutputGuard(PACK, known, "zh").stream(pieces))
