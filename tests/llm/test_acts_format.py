"""The models' format of acts: every act survives it, and a pack's grammar accepts what the pack can mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llguidance import LLMatcher, LLTokenizer

from kefu.acts import (
    Act,
    Affirm,
    Ask,
    Cancel,
    Choose,
    Compare,
    Complaint,
    Correct,
    Danger,
    Deny,
    Fill,
    Hesitate,
    OutOfScope,
    Person,
    Query,
    Quote,
    Recommend,
    Refuse,
    Reject,
    Resume,
    SmallTalk,
    Start,
    Unclear,
)
from kefu.llm.acts_format import VERBS, BadActs, acts_grammar, parse, render
from kefu.shop.pack import Pack
from tests.fixtures.demo_pack import PACK

HARD = (
    "",
    " ",
    "a b",
    '"',
    "\\",
    "\\n",
    "\n",
    "\r\n",
    "[ORDER_1]",
    "a=b",
    "2*a",
    "羽绒枕🛏️",
    "\u2028x",
    "\x85",
    "?",
    "again",
)
TEXTS = st.one_of(st.sampled_from(HARD), st.text(max_size=12), st.text(alphabet='"\\\n =*[]_羽🛏a1\r\t', max_size=12))
SOME = TEXTS.filter(bool)
SLOTS = st.dictionaries(TEXTS, TEXTS, max_size=3)
LISTS = st.lists(TEXTS, max_size=3).map(tuple)
ACTS: st.SearchStrategy[Act] = st.one_of(
    st.builds(Start, flow=TEXTS, slots=SLOTS, resumes=st.booleans()),
    st.builds(Fill, slot=TEXTS, value=TEXTS),
    st.builds(Correct, slot=TEXTS, value=st.none() | TEXTS),
    st.builds(Choose, slot=TEXTS, candidates=LISTS),
    st.builds(Ask, entry=SOME),
    st.builds(Query, name=TEXTS, slots=SLOTS),
    st.builds(Quote, basket=st.lists(st.tuples(TEXTS, st.integers(0, 999)), max_size=3).map(tuple)),
    st.builds(Recommend, words=TEXTS),
    st.builds(Compare, skus=LISTS, aspect=st.none() | TEXTS),
    st.builds(SmallTalk, kind=TEXTS),
    st.builds(Refuse, flow=TEXTS),
    st.builds(Reject, targets=LISTS),
    st.builds(Danger, kind=TEXTS),
    st.builds(Unclear, asks=st.booleans()),
    st.sampled_from([Affirm(), Deny(), Hesitate(), Cancel(), Resume(), Person(), Complaint(), OutOfScope()]),
)


@given(st.lists(ACTS, max_size=5))
def test_every_act_survives_its_text(acts: list[Act]) -> None:
    assert parse(render(acts)) == acts


def test_a_question_is_written_in_its_words() -> None:
    acts = [Ask(entry="faq:wash_how:zh", probability=0.4, evidence="洗"), Start(flow="return")]
    assert render(acts, {"faq:wash_how:zh": "能机洗吗\n"}) == "ask 能机洗吗\\n\nstart return"
    assert parse(render(acts, {"faq:wash_how:zh": "能机洗吗\n"}))[0] == Ask(entry="能机洗吗\n")


@pytest.mark.parametrize(
    "text, told",
    [
        ("start return\nfly away", r"line 2: 'fly away' .* one of affirm, ask, "),
        ("affirm now", "line 1: .* 'affirm' alone"),
        ("fill quality", "line 1: .* 'fill SLOT=VALUE'"),
        ("ask", "'ask WORDS'"),
        ('fill a="b', "'fill SLOT=VALUE'"),
        (r'fill a="\x"', "'fill SLOT=VALUE'"),
        ("start  return", "'start FLOW"),
        ("smalltalk hello there", "'smalltalk KIND'"),
        ("quote two*BD-101", r"'quote COUNT\*SKU"),
        ("Sure! Here are the acts:", "line 1"),
        ('{"name": "start"}', "line 1"),
    ],
)
def test_what_is_no_act_is_refused_with_its_line(text: str, told: str) -> None:
    with pytest.raises(BadActs, match=told):
        parse(text)


def _values(pack: Pack, slot: str) -> st.SearchStrategy[str]:
    """Values that a slot of the pack can have."""
    rule = pack.slots[slot]
    if rule.choices:
        return st.sampled_from(list(rule.choices))
    if rule.number:
        return st.integers(0, 999).map(str)
    placeholder = st.integers(1, 999).map(lambda number: f"[{rule.pii}_{number}]")
    return placeholder if rule.pii and not rule.free_text else TEXTS


def _slots(pack: Pack, names: tuple[str, ...]) -> st.SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries({}, optional={name: _values(pack, name) for name in names})


def acts_of(pack: Pack) -> st.SearchStrategy[Act]:
    pairs = st.sampled_from(list(pack.slots)).flatmap(lambda name: st.tuples(st.just(name), _values(pack, name)))
    some = st.lists(TEXTS, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.sampled_from(pack.flows).flatmap(
            lambda flow: st.builds(
                Start, flow=st.just(flow.name), slots=_slots(pack, flow.slots), resumes=st.booleans()
            )
        ),
        pairs.map(lambda pair: Fill(slot=pair[0], value=pair[1])),
        pairs.map(lambda pair: Correct(slot=pair[0], value=pair[1])),
        pairs.map(lambda pair: Correct(slot=pair[0], value=None)),
        pairs.flatmap(lambda pair: st.builds(Choose, slot=st.just(pair[0]), candidates=some)),
        st.builds(Ask, entry=SOME),
        st.builds(Recommend, words=TEXTS),
        st.builds(Compare, skus=some, aspect=st.none() | TEXTS),
        st.builds(Quote, basket=st.lists(st.tuples(TEXTS, st.integers(0, 999)), min_size=1, max_size=3).map(tuple)),
        st.sampled_from([Query(name=name) for name in pack.queries]),
        st.sampled_from([SmallTalk(kind=name) for name in pack.acts.small_talk]),
        st.sampled_from([Danger(kind=name) for name in pack.danger]),
        st.sampled_from([Affirm(), Deny(), Hesitate(), Cancel(), Resume(), Person(), Complaint(), OutOfScope()]),
        st.sampled_from([Unclear(), Unclear(asks=True)]),
    )


def accepts(grammar: str, text: str) -> bool:
    tokenizer = LLTokenizer("byte")
    matcher, ids = LLMatcher(tokenizer, grammar), tokenizer.tokenize_str(text)
    assert not matcher.is_error(), matcher.get_error()
    return matcher.try_consume_tokens(ids) == len(ids) and matcher.is_accepting()


@given(st.lists(acts_of(PACK), min_size=1, max_size=4))
def test_the_grammar_accepts_all_that_the_pack_can_mean(acts: list[Act]) -> None:
    assert accepts(acts_grammar(PACK), render(acts))


REFUSED = (
    "start fly",
    "start return return_reason=because",
    "start parcel return_reason=quality",
    "fill order_number=QM2611140014",
    "fill return_quantity=two",
    "query everything",
    "danger flood",
    "Sure! start return",
    "",
    "\n".join(["person"] * 7),
)


@pytest.mark.parametrize("text", REFUSED)
def test_the_grammar_refuses_what_the_pack_does_not_know(text: str) -> None:
    assert not accepts(acts_grammar(PACK), text)


def test_names_of_a_pack_may_be_any_words() -> None:
    flow = PACK.flows[0]
    renamed = flow.model_copy(update={"name": "Rück gabe=1"})
    pack = PACK.model_copy(update={"flows": (renamed,), "queries": {}, "danger": {}})
    acts = [Start(flow="Rück gabe=1", slots={"order_number": "[ORDER_1]"}), Person()]
    assert accepts(acts_grammar(pack), render(acts)) and parse(render(acts)) == acts


def test_every_act_has_a_line() -> None:
    assert set(VERBS) == {act.__name__.lower() for act in Act.__subclasses__()}
