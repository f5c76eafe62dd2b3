"""What a model is asked begins alike for every customer: engines keep the keys and values of what they have read."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path

import pytest

from kefu.knowledge.index import KnowledgeEntry
from kefu.llm.chat import ChatRenderer
from kefu.llm.prompt import answer_messages
from kefu.schema import Turn
from kefu.shop.part import Lang
from tests.fixtures.demo_pack import PACK
from training import tokenizer as tokenizers


def entry(name: str, lang: Lang) -> KnowledgeEntry:
    return KnowledgeEntry(id=name, kind="faq", lang=lang, question=name, answer=f"{name}: 7 天。", intent=None)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_prompts_of_two_customers_share_all_rules(lang: Lang, tmp_path: Path) -> None:
    tokenizers.save(tokenizers.train([faq.answer.in_(lang) for faq in PACK.faq], 600), tmp_path)
    renderer = ChatRenderer.from_folder(tmp_path, empty_think=True)
    asked = (("发票", "怎么开发票"), ("退货", "能退吗，订单 [ORDER_1]"))
    prompts = [
        renderer.prompt(answer_messages(PACK, lang, [entry(name, lang)], [Turn(role="customer", text=text, time=None)]))
        for name, text in asked
    ]
    shared = [one for one, _ in takewhile(lambda pair: pair[0] == pair[1], zip(*prompts, strict=False))]
    rules = answer_messages(PACK, lang, [], [])[0].content
    text = renderer.tokenizer.decode(shared, skip_special_tokens=False)
    assert rules in text and text.startswith("<|im_start|>system\n")
    assert prompts[0] != prompts[1]
