"""The acts' grammar in xgrammar's EBNF is the language that it is in Lark, read by llguidance's converter of EBNF."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llguidance.gbnf_to_lark import gbnf_to_lark

from kefu.acts import Act
from kefu.llm.acts_format import acts_grammar, render
from serving.engines.openvino.ebnf import to_ebnf
from tests.fixtures.demo_pack import PACK
from tests.llm.test_acts_format import REFUSED, accepts, acts_of

GRAMMAR = gbnf_to_lark(to_ebnf(acts_grammar(PACK)))


@given(st.lists(acts_of(PACK), min_size=1, max_size=4))
def test_all_that_the_pack_can_mean_is_in_it(acts: list[Act]) -> None:
    assert accepts(GRAMMAR, render(acts))


@pytest.mark.parametrize("text", REFUSED)
def test_what_the_pack_does_not_know_is_not(text: str) -> None:
    assert not accepts(GRAMMAR, text)


def test_a_rule_of_several_lines_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'  \| \"b\"' is not a rule of one line"):
        to_ebnf('start: "a"\n  | "b"\n')
