"""A postal address that is told in pieces, or corrected in one part: 杭州市滨江区, then the street; 是1203室，不是1202.

What a message tells goes into the address that is known already (``kefu/text/postal_address.py``). A message with a
name or a phone number in it, a question, and a sentence that only mentions a place are left to the other readers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from kefu.acts import Act, Correct, Fill, Resume
from kefu.privacy.redact import restore
from kefu.shop.flows import Flow
from kefu.shop.pack import Pack
from kefu.text.placeholders import PLACEHOLDER
from kefu.text.postal_address import (
    CHINESE,
    ENGLISH,
    AddressPart,
    form_of,
    merged,
    missing_parts,
    read_parts,
    regions_of,
    with_chinese_figures,
    without_blanks,
)
from serving.dialogue.linking.denial import is_denied
from serving.dialogue.linking.pinyin import cities_in_pinyin, spelled
from serving.dialogue.reading.answers.items import statements
from serving.dialogue.reading.message import Message
from serving.dialogue.reading.word_rules import evidence, plain

WORD = re.compile(r"[^\W_]")
# Words around the pieces that make no sentence of their own: 后面没写全，是…; it should be …, please.
AROUND = re.compile(
    r"(?:新的?|收货|详细|完整)*地址|[后前]面|没[写发说]全|没[写发说]完|还有|补充?(?:一下)?|就?[是在到寄送]"
    r"|改[成为到]?|换[成为到]|应该|更正|其[他它]都?(?:对|不变)|就?前面(?:的)?都?一样|都一样|然后|门牌号?呢?|房号|不变|请|麻烦|谢谢"
    r"|\b(?:my|the|new|address|is|it'?s|to|at|in|and|please|thanks?|send|ship|deliver|change|should be|not|no|sorry"
    r"|oops|same|as before|name|phone|recipient|stays?)\b"
    r"|[，,。.！!、:：\s]|[的了哦啊呀吧就那也嗯哈好]",
    re.IGNORECASE,
)
LEAD = re.compile(
    r"[那这]个|改[成为到]|换[成为到]|变成|寄[到去]|送[到去]|地址(?:是|为)?"
)  # right before a place, and no part of its name
TAIL = re.compile(
    r"[^，,。.！!；;\s]*?(?=(?:的|谢谢|可以|行|吧|哦|啊|呢)*(?:[，,。.！!；;\s]|$))"
)  # after the last part: C of 22楼C
CHANGES = re.compile(
    r"改|换成|应该|错|没[写发说]全|补充|不是|\b(?:not|should be|change|wrong|instead|correct\w*|actually|sorry)\b",
    re.IGNORECASE,
)
DETAILS = {"number", "building", "unit", "floor", "room"}
REGIONS = {"province", "city", "district"}
STREETS = {"road", "street", "lane", "estate"}
SAME = re.compile(
    r"(?:前面|其[他它余]|别的|路名?|小区|[省市区]|城市)[^，,。]{0,6}(?:一样|不变|没错|没变)|同一?[条个座]?(?:路|街|小区|城市?|市|区)"
    r"|\brest (?:is|stays)\b|\b(?:everything|all) else\b"
    r"|\bsame (?:street|road|building|compound|city|town|district|area|province)\b",
    re.IGNORECASE,
)
SAME_ALONE = re.compile(  # at the question for the region: 一样, same as before
    r"\W*(?:还是|都|就|也|跟|和|原来|之前|的|没变|不变|一样|相同|同上|同城|[呀啊了哦吧])+\W*"
    r"|\W*(?:it'?s |the |all )*same(?: one| place)?(?: as (?:before|now|it is|on the order))?\W*",
    re.IGNORECASE,
)
# Two figures of which the one takes the other's place: 539号改成116号, 5栋 不是3栋, 18 not 8, 503 instead of 502.
_SHOULD = r"(?:应该?是|\b(?:should|must|has to) be\b)"
_TO = rf"(?:改成|改为|改到|换成|{_SHOULD}|\bto\b)"
_NOT = r"(?:不是|[写填打输选]成|\bnot\b|\binstead of\b)"
SWAPS = [
    re.compile(rule, re.IGNORECASE)
    for rule in (
        rf"(?P<cut>(?P<old>\d+)[^\d，,。]{{0,8}}?{_TO}\D{{0,4}})(?P<new>\d+)",
        rf"(?P<cut>(?P<old>\d+)[^\d。]{{0,4}}[，,]\s*(?:it )?{_SHOULD}\D{{0,4}})(?P<new>\d+)",
        rf"(?P<new>\d+)[^\d。]{{0,4}}?(?P<cut>{_NOT}[^\d，,。]{{0,4}}(?P<old>\d+)[号栋幢座楼室]?)",
        r"(?P<cut>(?:不是|\bnot\b)[^\d，,。]{0,4}(?P<old>\d+)\D{0,3}?(?:是|\bbut\b)\D{0,4})(?P<new>\d+)",
    )
]
OF_ADDRESS = re.compile(
    r"[号弄栋幢座楼室]|门牌|房[号间]|地址|\b(?:flat|room|apartment|apt|house|unit|building|floor|street|address)\b",
    re.IGNORECASE,
)
ENDINGS = set("号弄栋幢座楼室")
ENGLISH_WORD = re.compile(r"[a-z]{2}")
LOWER = re.compile(r"(?:^|(?<=,))\s*[a-z]+(?=\s*(?:,|$))")  # wuhan, wuchang district, hubei
DAY = re.compile(r"\d{1,2}[号日](?=[能会要]?(?:不|没|吗|到|送|前|后|之|那天|当天|出差|有空|上班|左右))")  # 18号不在家
SLIP = re.compile(  # what was wrong before, after the address: 。我写成12幢了, . I had typed the old one
    r"[。！!，,；;\s]+(?:不好意思|抱歉)?(?:我|之前|刚才?|原来|上次|前面|当时)[^。！!]{0,8}(?:写|填|打|留|发|输|选)(?:成|错|反|的是)[^。！!]*[。！!]?$"
    r"|[.!,;]\s*(?:sorry,? )?i (?:had )?(?:wrote|written|typed|put|gave|given|entered)\b[^.]*\.?$",
    re.IGNORECASE,
)
REGION_AFTER = r"(?:[ -](?:city|district|county|province)\b)?"
NAME = re.compile(rf"\b([A-Z][a-z]+(?:'[a-z]+)?)\b{REGION_AFTER}", re.IGNORECASE)  # of a city, in pinyin
GOES_ON = re.compile(r"\s*,\s*[A-Z]")  # a place that the detector of addresses has left
MOST_LEFT = 4  # characters beside the pieces where no word of a correction stands


class AddressReader:
    """Reads addresses for one pack's flows: for slots with ``ask_rest``."""

    def __init__(self, pack: Pack) -> None:
        self._question, self._correct = pack.acts.question, pack.acts.correct
        self._slots = {name: slot for name, slot in pack.slots.items() if slot.ask_rest}

    def read(self, message: Message) -> list[Act]:
        """The address of the flow under way with what a message adds or corrects; empty where it tells none."""
        name = next((n for n in message.flow.slots if n in self._slots), None) if message.flow else None
        state, asked = message.session.flow, message.step.collect if message.step else None
        if name is None or state is None or not (asked == name or name in state.slots):
            return []
        if any(found[1] != self._slots[name].pii for found in PLACEHOLDER.finditer(message.text)):
            return []
        if placeholder := self._whole(message, name):
            before, whole_one = (message.original(value) for value in (state.slots.get(name, ""), placeholder))
            if before and (full := merged(before, whole_one)).endswith(whole_one):  # with the province told before
                placeholder = message.placeholder(full)
            act = Fill if asked == name else Correct
            return [act(slot=name, value=placeholder, evidence=message.text)]
        known = restore(state.slots[name], message.session.vault) if name in state.slots else ""
        address = self._changed(message, message.text, known, self._slots[name].now(state.results), asked == name)
        if not address:
            return []
        value = message.placeholder(address)
        if asked == name:
            return [Fill(slot=name, value=value, evidence=message.text)]
        if address == known:  # told again: nothing new, and no mistake
            return [Resume(evidence=message.text)]
        return [Correct(slot=name, value=value, evidence=message.text)]

    def begun(self, message: Message, text: str, flow: Flow, now: str) -> dict[str, str]:
        """The address that a text tells by parts of the one that an order has, for a flow that it begins."""
        name = next((name for name in flow.slots if name in self._slots), None)
        pii = {slot.pii for slot in self._slots.values()}
        words = PLACEHOLDER.sub(lambda found: found[0] if found[1] in pii else "，", text)
        texts = (words, statements(words, self._question)) if name and now else ()  # send it to my office? It's …
        address = next(filter(None, (self._changed(message, one, "", now, asked=False) for one in texts)), "")
        told = address and (address != now) and set(missing_parts(now)) >= set(missing_parts(address))
        return {name: message.placeholder(address)} if name and told else {}

    def corrected(self, message: Message, flow: Flow, now: str) -> dict[str, str]:
        """The address that an order has with the figure that a message puts right, whatever it asks beside: my pot has
        not shipped, right? the flat is 798 not 789. Empty where it puts none right."""
        name, words = next((n for n in flow.slots if n in self._slots), None), message.original(message.text)
        if name is None or not now or not OF_ADDRESS.search(words):
            return {}
        address, _ = _swapped(now, without_blanks(words))
        return {name: message.placeholder(address)} if address != now else {}

    def _changed(self, message: Message, text: str, known: str, now: str, asked: bool) -> str:
        """The address with what a text tells of it; empty where it tells nothing.

        Args:
            known: what was told before. now: the address that the order has.
        """
        said = DAY.sub("，", SLIP.sub("", without_blanks(message.original(text))))
        said, known = _in_characters(said, known, now), _in_characters(known, said, now)
        base, rest = _swapped(known or now, said)
        swaps, words = rest != said, LEAD.sub("，", rest)
        if not swaps and evidence(plain(words), self._question) is not None:
            return ""
        form = ENGLISH if form_of(words) == ENGLISH else form_of(known + words)
        told = self._told(words, form, asked or swaps)
        if told is None and known:  # of a sentence, what the detector of addresses has found: "oops" is no part of it …
            pii = {slot.pii for slot in self._slots.values()}
            detected = [message.original(m[0]) for m in PLACEHOLDER.finditer(text) if m[1] in pii]
            told = detected[0] if len(detected) == 1 else None  # several: one address that was cut up
        if told is None:
            stays = _lacks_region(known) and (SAME.search(words) or (asked and SAME_ALONE.fullmatch(words)))
            return base if swaps else merged(regions_of(now), known) if known and now and stays else ""
        if swaps or (not known and now and _is_detail(told, words, now)):
            known = base
        elif now and _lacks_region(known + told) and (SAME.search(words) or _is_of_street(told, now)):
            known = merged(regions_of(now), known) if known else regions_of(now)
        whole = form_of(told) == ENGLISH and not missing_parts(told)
        return merged(known, told) if known and not whole else told

    def _whole(self, message: Message, name: str) -> str | None:
        """The placeholder of an address that lacks nothing, where the message tells no other piece of one beside it."""
        found = [match for match in PLACEHOLDER.finditer(message.text) if match[1] == self._slots[name].pii]
        if not found or evidence(plain(message.text), self._question) is not None:
            return None
        address, after = message.original(found[-1][0]), message.text[found[-1].end() :]
        form = form_of(address)
        beside = [part for part in read_parts(PLACEHOLDER.sub("，", message.text), form) if part.level != "place"]
        lacks = missing_parts(address) if read_parts(address, form) else ["region"]
        same = SAME.search(address) is not None  # 同一个城市 is no city
        return None if lacks or beside or same or GOES_ON.match(after) else found[-1][0]

    def _told(self, words: str, form: str, asked: bool) -> str | None:
        """The pieces of an address that a message tells, as one text; None when it is about something else."""
        same = SAME.search(words) is not None
        words = SAME.sub("，", words)  # 同一条路 is none
        for part in reversed(read_parts(words, form)):  # 不是545号 是546号
            if is_denied(words, part.start):
                words = f"{words[: part.start]}，{words[part.end :]}"
        parts = read_parts(words, form)
        if asked and parts and form == ENGLISH:
            words = LOWER.sub(lambda name: name[0].title() if WORD.search(AROUND.sub("", name[0])) else name[0], words)
            parts = read_parts(words, form)
        if not parts:
            return None
        left = _beside(words, parts)
        corrects = same or CHANGES.search(words) is not None or evidence(plain(words), self._correct) is not None
        if len(left) > MOST_LEFT and not corrects:
            return None
        if not asked and not corrects and all(part.level == "place" for part in parts):
            return None
        as_written = all(part.text == words[part.start : part.end] for part in parts)
        if (
            as_written and not corrects and form != ENGLISH and _is_one(parts, words)
        ):  # with what stands between its parts
            tail = TAIL.match(words, parts[-1].end)
            written = words[parts[0].start : tail.end() if tail else parts[-1].end]
            if not ENGLISH_WORD.search(written):  # 珞喻路800号 but 12幢
                return written
        return (", " if form == ENGLISH else "").join(part.text for part in parts)


def _swapped(address: str, words: str) -> tuple[str, str]:
    """An address with the figures that a text puts in the place of others in it, and the text without those others."""
    for rule in SWAPS:
        for found in rule.finditer(words):
            old = re.compile(rf"(?<!\d){found['old']}(?!\d)")
            endings = {words[found.end(name) : found.end(name) + 1] for name in ("old", "new")} & ENDINGS
            if len(old.findall(address)) == 1 and found["old"] != found["new"] and len(endings) < 2:  # 221号，换成3幢
                rest = f"{words[: found.start('cut')]}，{words[found.end('cut') :]}"
                return old.sub(found["new"], address), rest
    return address, words


def _is_detail(told: str, words: str, now: str) -> bool:
    """Whether only parts finer than the street are told beside regions of the address as it is (门牌是2169室; 鼓楼区
    500号; 锦绣路不是545号，是546号), or that all the rest stays (前面都一样)."""
    parts = read_parts(told)
    corrects = "不是" in words and "region" in missing_parts(told)
    wider = [part for part in parts if part.level not in DETAILS]
    alike = all(part.text in now for part in wider)
    alike = alike and (corrects or not wider or any(part.level in REGIONS for part in wider))
    stays = alike and len(wider) < len(parts)
    moved = any(part.level in STREETS and part.text not in now for part in wider)  # 同一个城市，人民路600号
    return stays or (SAME.search(words) is not None and "region" in missing_parts(told) and not moved)


def _in_characters(words: str, beside: str, now: str) -> str:
    """Words of a Chinese address with its figures in Chinese, and with the regions that they spell in pinyin in
    characters, those of the order's address first: Wuhan, Hongshan district, 珞喻路800号, building 12.

    Args:
        beside: what else is told of the address.
    """
    if not any(part.level in STREETS for part in read_parts(beside + words, CHINESE)):
        return words
    for part in read_parts(now, CHINESE):
        if part.level in REGIONS:
            name = spelled(re.sub("(?<=..)[省市区县]$", "", part.text))
            words = re.sub(f"{name}{REGION_AFTER}", part.text, words, flags=re.IGNORECASE)
    words = NAME.sub(lambda name: cities_in_pinyin().get(name[1].lower().replace("'", ""), name[0]), words)
    return with_chinese_figures(words, beside)


def _lacks_region(address: str) -> bool:
    return "region" in missing_parts(address)


def _is_of_street(told: str, now: str) -> bool:
    """Whether an address is told by the street of another one: it is in the same place."""
    streets = [part.text for part in read_parts(told) if part.level in STREETS]
    return bool(streets) and all(street in now for street in streets)


def _is_one(parts: Sequence[AddressPart], words: str) -> bool:
    """Whether nothing but words around an address stands before its first part."""
    return not WORD.search(AROUND.sub("", words[: parts[0].start]))


def _beside(words: str, parts: Sequence[AddressPart]) -> str:
    """What a message says beside the pieces of an address and the words that lead to them."""
    for part in parts:
        words = words.replace(part.text, " ", 1)
    return "".join(WORD.findall(AROUND.sub("", words)))
