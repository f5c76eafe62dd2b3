"""An address in a conversation: told in pieces, put right in one part, and told apart from what is none."""

from __future__ import annotations

from functools import partial

import pytest

from kefu.acts import Correct, Fill
from kefu.privacy.redact import Redactor
from serving.dialogue.reading.answers.addresses import AddressReader
from serving.dialogue.reading.message import Message
from serving.sessions.session import FlowState, Session
from tests.fixtures.demo_pack import PACK

FLOW = next(flow for flow in PACK.flows if "new_address" in flow.slots)
READER, REDACTOR = AddressReader(PACK), Redactor(PACK.shop.pii)


def said(text: str, known: str = "", asked: bool = False, now: str = "") -> tuple[str, str] | None:
    """(kind of act, address) of a message to the open question for an address, or to its confirmation."""
    session = Session(id="s", lang="zh")
    slots = {"new_address": REDACTOR.redact(known, session.vault)} if known else {}
    step = next(s for s in FLOW.steps if (s.collect == "new_address" and not s.optional if asked else s.confirm))
    session.flow = FlowState(flow=FLOW.name, step=step.id, slots=slots, results={"order": {"address": now}})
    placeholder = partial(REDACTOR.redact, vault=session.vault)
    message = Message(
        REDACTOR.redact(text, session.vault), "zh", "2026-11-16T10:00:00+08:00", session, placeholder, list, FLOW, step
    )
    acts = READER.read(message)
    if not acts:
        return None
    assert isinstance(acts[0], Fill | Correct)
    return type(acts[0]).__name__, message.original(str(acts[0].value))


KNOWN = "浙江省杭州市滨江区长河街道江南大道588号3幢1202室"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("门牌是2169室", KNOWN.replace("1202", "2169")),
        ("不是3幢，是5幢", KNOWN.replace("3幢", "5幢")),
        ("就前面都一样 然后2169室", KNOWN.replace("1202", "2169")),
        ("江南大道600号", "浙江省杭州市滨江区江南大道600号"),  # the street on file is in its city
        ("人民路600号", "人民路600号"),  # of which city is not told: asked for
        ("同一个城市，人民路600号", "浙江省杭州市滨江区人民路600号"),
        ("还是江南大道那个小区 不是588号是600号", KNOWN.replace("588", "600")),
        ("宁波市鄞州区天童南路66号", "宁波市鄞州区天童南路66号"),
    ],
)
def test_a_room_alone_changes_the_address_that_the_order_has(text: str, address: str) -> None:
    assert said(text, asked=True, now=KNOWN) == ("Fill", address)


def test_what_stays_beside_an_english_address_is_no_part_of_it() -> None:
    told = said("12F, 1266 Nanjing West Road, Jing'an district, Shanghai. same name and phone", asked=True)
    assert told == ("Fill", "12F, 1266 Nanjing West Road, Jing'an district, Shanghai")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("宁波市鄞州区天童南路66号3幢101室。我写成13幢了😓", "宁波市鄞州区天童南路66号3幢101室"),
        ("宁波市鄞州区天童南路66号3幢101室，之前写成13幢了", "宁波市鄞州区天童南路66号3幢101室"),
        ("宁波市鄞州区那个天童南路 不是65号是66号 3幢101室", "宁波市鄞州区天童南路66号3幢101室"),
        ("Tianhe district Guangzhou, 144 Tiyu West Road", "Tianhe district Guangzhou, 144 Tiyu West Road"),
        ("Guangzhou Tianhe district, Tiyu West Road 144", "Guangzhou Tianhe district, Tiyu West Road 144"),
    ],
)
def test_what_was_wrong_before_is_no_part_of_an_address(text: str, address: str) -> None:
    assert said(text, asked=True) == ("Fill", address)


def test_pieces_make_one_address() -> None:
    address = ""
    for piece in ("杭州市滨江区", "在长河街道，江南大道", "588 号", "3 幢 1202 室，谢谢"):
        told = said(piece, address, asked=True)
        assert told is not None and told[0] == "Fill"
        address = told[1]
    assert address == "杭州市滨江区长河街道江南大道588号3幢1202室"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("等等，门牌号打错了，是1203室不是1202", KNOWN.replace("1202", "1203")),
        ("房号改成1203室，其他都对", KNOWN.replace("1202", "1203")),
        ("房号应该是1203", KNOWN.replace("1202", "1203")),
        ("不对，是5幢", KNOWN.replace("3幢", "5幢")),
        ("不是滨江区，是西湖区", KNOWN.replace("滨江区", "西湖区")),
        ("后面没写全，是江南大道588号5幢101室", KNOWN.replace("3幢1202室", "5幢101室")),
        ("改成宁波市鄞州区天童南路66号", "浙江省宁波市鄞州区天童南路66号"),
    ],
)
def test_a_correction_changes_its_part_alone(text: str, address: str) -> None:
    assert said(text, KNOWN) == ("Correct", address)


def test_an_english_flat_is_put_right() -> None:
    told = said("flat 12B, not 12", "Flat 12, 88 Nanjing West Road, Jing'an, Shanghai")
    assert told is not None and told[1].lower() == "flat 12b, 88 nanjing west road, jing'an, shanghai"


@pytest.mark.parametrize(
    "text",
    [
        "确认",
        "1202室是不是写错了？",
        "我在杭州市出差，快递员几点来都可以，放门口就好",
        "昨天买的2件都要换",
        "浙江省杭州市西湖区文三路100号2幢301室 王小明 13800000000",  # with a name: all of it belongs together
    ],
)
def test_what_is_no_piece_of_an_address_is_left_to_other_readers(text: str) -> None:
    assert said(text, KNOWN) is None


def test_nothing_is_read_where_no_address_is_spoken_of() -> None:
    session = Session(id="s", lang="zh")
    session.flow = FlowState(flow=FLOW.name, step=FLOW.steps[0].id)
    message = Message("杭州市滨江区", "zh", "2026-11-16T10:00:00+08:00", session, str, list, FLOW, FLOW.steps[0])
    assert READER.read(message) == []


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("那个588号改成116号23幢1201室", KNOWN.replace("588号3幢1202", "116号23幢1201")),
        ("5幢 不是3幢", KNOWN.replace("3幢", "5幢")),
        ("building 5 not 3", KNOWN.replace("3幢", "5幢")),
        ("it's still the same street, just room 1203 instead", KNOWN.replace("1202", "1203")),
        ("滨江区 同一条路 换成500号6幢202", KNOWN.replace("588号3幢1202室", "500号6幢202")),
        ("幢号改成16", KNOWN.replace("3幢", "16幢")),
    ],
)
def test_a_figure_takes_the_place_of_another_in_the_address_on_file(text: str, address: str) -> None:
    assert said(text, asked=True, now=KNOWN) == ("Fill", address)


def test_an_english_correction_keeps_the_rest_and_takes_no_word_of_the_sentence() -> None:
    known = "Flat 1502, Building 8, 66 Zhongnan Road, Wuchang District, Wuhan, Hubei"
    told = said("oops building 18 not 8. rest is right", known)
    assert told == ("Correct", known.replace("Building 8", "Building 18"))


@pytest.mark.parametrize(
    ("pieces", "address"),
    [
        (("广州天河", "体育西路20号5幢301室"), "广州天河体育西路20号5幢301室"),
        (("66 Zhongnan Road, flat 2", "wuhan, wuchang district"), "66 Zhongnan Road, flat 2, wuchang district, Wuhan"),
    ],
)
def test_a_region_is_told_without_its_endings_or_capitals(pieces: tuple[str, str], address: str) -> None:
    first = said(pieces[0], asked=True)
    assert first is not None
    assert said(pieces[1], first[1], asked=True) == ("Fill", address)


@pytest.mark.parametrize("text", ["幢号是13幢 写成3幢了", "3幢写错了 应该是13幢", "3幢 不对 13幢"])
def test_of_two_buildings_the_address_has_one(text: str) -> None:
    assert said(text, asked=True, now=KNOWN) == ("Fill", KNOWN.replace("3幢", "13幢"))


def test_a_section_of_a_road_is_a_part_of_its_name() -> None:
    address = "27 Renmin South Road Section 4, Wuhou District, Chengdu"
    assert said(address, asked=True) == ("Fill", address)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("it hasn't shipped yet right? flat is 2012 not 1202", KNOWN.replace("1202", "2012")),
        ("and the flat? it says 1202, must be 2012", KNOWN.replace("1202", "2012")),
        ("还没发吧 门牌是2012 写成1202了", KNOWN.replace("1202", "2012")),
        ("房号写的是1202，应该是2012", KNOWN.replace("1202", "2012")),
        ("I paid 1202 not 2012", ""),  # no word for a place
        ("3幢，改成2012室", ""),
        ("flat is 77 not 78", ""),  # no 78 in the address
        ("我18号不在家", ""),
    ],
)
def test_a_figure_that_is_put_right_beside_something_else_changes_the_address(text: str, address: str) -> None:
    session = Session(id="s", lang="zh")
    placeholder = partial(REDACTOR.redact, vault=session.vault)
    message = Message(
        REDACTOR.redact(text, session.vault), "zh", "2026-11-16T10:00:00+08:00", session, placeholder, list, None, None
    )
    told = READER.corrected(message, FLOW, KNOWN)
    assert [message.original(value) for value in told.values()] == ([address] if address else [])


def test_a_day_is_no_house_number() -> None:
    assert said("我18号不在家", asked=True, now=KNOWN) is None
