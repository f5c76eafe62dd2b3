"""Addresses in parts: however one is cut into messages, however a part is corrected."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kefu.text.postal_address import merged, missing_parts, read_parts, regions_of, with_chinese_figures

CHINESE = st.tuples(
    st.sampled_from(["", "浙江省", "四川省", "广西壮族自治区"]),
    st.sampled_from(["杭州市", "成都市", "石家庄市", "呼和浩特市", "镇江市"]),
    st.sampled_from(["滨江区", "新城区", "西湖区", "工业园区", "高新区", "桐庐县"]),
    st.sampled_from(["", "长河街道", "玉山镇"]),
    st.sampled_from(["江南大道", "人民南路四段", "中山北路", "和平路", "前进街"]),
    st.sampled_from(["588号", "12号", "1288弄6号", "7-2号"]),
    st.sampled_from(["", "阳光花园", "万科中心"]),
    st.sampled_from(["", "3幢", "12栋", "A座", "5号楼"]),
    st.sampled_from(["", "2单元"]),
    st.sampled_from(["", "1202室", "301室", "22楼"]),
)
ENGLISH = st.tuples(
    st.sampled_from(["Flat 12B", "Room 1201", "Apt 3"]),
    st.sampled_from(["Building 7", "Block C"]),
    st.sampled_from(["88 Nanjing West Road", "5 Xihu Street", "No. 12 Jiefang Avenue"]),
    st.sampled_from(["Huangpu District", "Xihu District"]),
    st.sampled_from(["Shanghai", "Hangzhou"]),
    st.sampled_from(["Zhejiang Province", "Jiangsu Province"]),
    st.sampled_from(["200001", "310000"]),
)


def _pieces(parts: list[str], cuts: list[bool], between: str) -> list[str]:
    pieces = [parts[0]]
    for part, cut in zip(parts[1:], cuts, strict=False):
        if cut:
            pieces.append(part)
        else:
            pieces[-1] += between + part
    return pieces


def _told_one_by_one(pieces: list[str]) -> str:
    address = pieces[0]
    for piece in pieces[1:]:
        address = merged(address, piece)
    return address


@given(CHINESE, st.lists(st.booleans(), min_size=9, max_size=9), st.booleans())
def test_any_split_of_a_chinese_address_gives_the_same_address(
    told: tuple[str, ...], cuts: list[bool], region_last: bool
) -> None:
    parts = [part for part in told if part]
    pieces = _pieces(parts, cuts, "")
    if region_last:  # 江南大道588号, and then 浙江省杭州市滨江区
        at = next(i for i, piece in enumerate(pieces) if "road" in {part.level for part in read_parts(piece)})
        pieces = [*pieces[at:], *pieces[:at]]
    assert _told_one_by_one(pieces) == "".join(parts)


@given(ENGLISH, st.lists(st.booleans(), min_size=6, max_size=6), st.booleans())
def test_any_split_of_an_english_address_gives_the_same_address(
    told: tuple[str, ...], cuts: list[bool], from_the_end: bool
) -> None:
    pieces = _pieces(list(told), cuts, ", ")
    assert _told_one_by_one(pieces[::-1] if from_the_end else pieces) == ", ".join(told)


KNOWN = "浙江省杭州市滨江区长河街道江南大道588号3幢1202室"


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ("1203室", "浙江省杭州市滨江区长河街道江南大道588号3幢1203室"),
        ("5幢", "浙江省杭州市滨江区长河街道江南大道5" + "88号5幢1202室"),
        ("江南大道600号1幢101室", "浙江省杭州市滨江区长河街道江南大道600号1幢101室"),
        ("西湖区", "浙江省杭州市西湖区长河街道江南大道588号3幢1202室"),  # a slip: the rest stays
        ("宁波市鄞州区天童南路 9 号", "浙江省宁波市鄞州区天童南路9号"),  # another city has another street
    ],
)
def test_a_part_that_is_told_again_replaces_that_part(told: str, address: str) -> None:
    assert merged(KNOWN, told) == address


def test_words_that_are_no_part_stay_with_the_part_before_them() -> None:
    assert (
        merged("广州市天河区体育西路111号建和中心22楼C座前台", "113号")
        == "广州市天河区体育西路113号建和中心22楼C座前台"
    )


def test_blanks_around_figures_cut_nothing_off() -> None:
    parts = [part.text for part in read_parts(merged("杭州市滨江区", "江南大道 588 号 3 幢 1202 室"))]
    assert parts == ["杭州市", "滨江区", "江南大道", "588号", "3幢", "1202室"]


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("杭州市滨江区", ["street", "door"]),
        ("浙江省杭州市滨江区长河街道江南大道", ["door"]),
        ("江南大道588号3幢1202室", ["region"]),
        ("1203室", ["region", "street"]),
        (KNOWN, []),
        ("上海市浦东新区张杨路500弄12号301室", []),
        ("Flat 12B", ["region", "street"]),
        ("Room 1201, 88 Nanjing West Road, Jing'an, Shanghai", []),
        ("村口第三家", []),  # nothing that can be read: not for this reader to refuse
    ],
)
def test_what_an_address_lacks(text: str, missing: list[str]) -> None:
    assert missing_parts(text) == missing


@pytest.mark.parametrize(
    "text",
    ["我买了3件", "订单号多少号能到", "等了3天", "昨天就说在派送了", "I ordered 3 of them", "那单里的薄毯不要了"],
)
def test_a_sentence_has_no_parts(text: str) -> None:
    assert read_parts(text) == []


@pytest.mark.parametrize(
    ("text", "known", "written"),
    [
        ("珞喻路800号, building 12, room 305", "", "珞喻路800号, 12幢, 305室"),
        ("building 12", "珞喻路800号25栋1119室", "12栋"),
        ("体育西路109号, 23rd floor, room 2305", "", "体育西路109号, 23楼, 2305室"),
        ("unit 2, room 1203", "", "2单元, 1203室"),
        ("building it up", "", "building it up"),
    ],
)
def test_english_figures_are_written_as_in_a_chinese_address(text: str, known: str, written: str) -> None:
    assert with_chinese_figures(text, known) == written


@pytest.mark.parametrize(
    ("address", "regions"),
    [
        ("青岛市市南区香港中路461号3幢595室", "青岛市市南区"),
        ("广西壮族自治区南宁市青秀区民族大道1号", "广西壮族自治区南宁市青秀区"),
        ("Room 502, 18 Wukang Road, Xuhui, Shanghai", "Xuhui, Shanghai"),
        ("3幢1202室", ""),
    ],
)
def test_the_regions_of_an_address_are_no_streets(address: str, regions: str) -> None:
    assert regions_of(address) == regions


def test_a_city_told_without_its_ending_stays_the_same_city() -> None:
    assert merged("深圳市南山区科苑路714号9栋", "深圳南山") == "深圳市南山区科苑路714号9栋"


def test_another_building_is_no_first_one() -> None:
    assert "building" not in {part.level for part in read_parts("换到同一个小区另一栋")}
