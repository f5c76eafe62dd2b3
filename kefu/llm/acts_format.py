"""How models write acts: one act a line, terse, so that a message costs few tokens (docs/measurements/acts.md).

    start return order_number=[ORDER_1] return_reason=quality
    ask 能机洗吗

``render`` writes, ``parse`` reads, ``acts_grammar`` gives the language of one pack for constrained decoding. Any text
survives: values that are no bare word are JSON strings; the words of ``ask`` and ``recommend`` reach to the line's end.
Not carried: probability and evidence, and the candidates of Unclear. A model knows no ids of entries: an Ask is written
with its question's words, and a parsed Ask holds them in ``entry`` until a search resolves them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

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
    kind,
)
from kefu.errors import KefuError
from kefu.shop.flows import Slot
from kefu.shop.pack import Pack
from kefu.shop.queries import NEEDED_SLOT

MAX_ACTS = 6  # of one message, in constrained decoding: small models repeat lines

_BARE = r'[^\s"\\=*]+'
_TOKEN = rf'(?:"(?:[^"\\\n]|\\[^\n])*"|{_BARE})'
_PAIR = rf"{_TOKEN}={_TOKEN}"
_PAIRS = re.compile(rf" ({_TOKEN})=({_TOKEN})")
_TOKENS = re.compile(rf" ({_TOKEN})")
_PIECES = re.compile(rf" (\d+)\*({_TOKEN})")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class BadActs(KefuError, ValueError):
    """A text that is not in the format; the message names the line and what was expected."""


def render(acts: Iterable[Act], questions: Mapping[str, str] | None = None) -> str:
    """Writes acts, one a line.

    Args:
        questions: entry id → its question, for Ask; an entry without one is written as its id.
    """
    return "\n".join(kind(act) + _rest(act, questions or {}) for act in acts)


def parse(text: str) -> list[Act]:
    """Reads acts. Names of flows, slots, queries and kinds are not checked against a pack.

    Raises:
        BadActs: a line is not an act.
    """
    lines = text.strip("\n")
    return [_act(number, line) for number, line in enumerate(lines.split("\n"), 1)] if lines else []


def acts_grammar(pack: Pack) -> str:
    """The acts that a pack knows, as a Lark grammar of llguidance.

    Slots with choices take these only, slots of personal data a placeholder of their type, counts digits.
    """
    slots = {name: f"slot_{i}" for i, name in enumerate(pack.slots)}
    names = [_literal(f" {_token(name)}") for name in pack.slots]
    talk = [*pack.acts.small_talk, *(i.name for i in pack.taxonomy.intents if i.route == "chitchat")]
    lines = {
        "start_flow": [
            f'{_literal(f"start {_token(flow.name)}")} " again"? {_any(slots[name] for name in flow.slots)}'
            for flow in pack.flows
        ],
        "query": [
            _literal(f"query {_token(name)}") + _query_slot(query.needs, slots) for name, query in pack.queries.items()
        ],
        "fill": [f'"fill" {_one(slots.values())}'] if slots else [],
        "correct": [f'"correct" {_one([*slots.values(), *names])}'] if slots else [],
        "choose": [f'"choose" {_one(names)} ITEM+'] if slots else [],
        "smalltalk": [_literal(f"smalltalk {_token(name)}") for name in talk],
        "refuse": [_literal(f"refuse {_token(flow.name)}") for flow in pack.flows],
        "danger": [_literal(f"danger {_token(name)}") for name in pack.danger],
        "free": ['"ask " WORDS', '"recommend" (" " WORDS)?'],
        "products": ['"quote" (" " COUNT "*" VALUE)*', '"compare" ITEM* (" by=" VALUE)?'],
        "alone": [_literal(verb) for verb in _BARE_ACTS] + ['"reject"', '"unclear" " ?"?'],
    }
    known = {name: some for name, some in lines.items() if some}
    rules = [
        f'start: act ("\\n" act){{0,{MAX_ACTS - 1}}}',
        f"act: {' | '.join(known)}",
        *(f"{name}: {' | '.join(some)}" for name, some in known.items()),
        *(f"{rule}: {_literal(f' {_token(name)}=')} {_value(pack.slots[name])}" for name, rule in slots.items()),
        f"BARE: /{_BARE}/",
        r'QUOTED: /"([^"\\\n]|\\[^\n])*"/',
        "VALUE: BARE | QUOTED",
        'ITEM: " " VALUE',  # one terminal: the longest wins, so that " by=" is no item
        r"WORDS: /[^\n]+/",
        "COUNT: /[0-9]{1,3}/",
    ]
    return "\n".join(rules) + "\n"


def _any(rules: Iterable[str]) -> str:
    some = " | ".join(rules)
    return f"({some})*" if some else ""


def _one(rules: Iterable[str]) -> str:
    return f"({' | '.join(rules)})"


def _query_slot(needs: str, slots: Mapping[str, str]) -> str:
    slot = NEEDED_SLOT.get(needs)
    if slot is None:
        return ""
    return f" {slots[slot]}?" if slot in slots else f" ({_literal(f' {slot}=')} VALUE)?"


def _value(slot: Slot) -> str:
    if slot.choices:
        return _one(_literal(_token(choice)) for choice in slot.choices)
    if slot.pii and not slot.free_text and not slot.pattern:
        return rf"/\[{slot.pii}_[0-9]{{1,6}}\]/"
    return "COUNT" if slot.number else "VALUE"


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _token(text: str) -> str:
    return text if re.fullmatch(_BARE, text) else json.dumps(text, ensure_ascii=False)


def _pairs(slots: Mapping[str, str]) -> str:
    return "".join(f" {_token(name)}={_token(value)}" for name, value in slots.items())


def _listed(values: Iterable[str]) -> str:
    return "".join(f" {_token(value)}" for value in values)


def _words(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n")
    return f" {escaped}" if escaped else ""


def _rest(act: Act, questions: Mapping[str, str]) -> str:
    """The line after the act's name."""
    match act:
        case Start():
            return f" {_token(act.flow)}{' again' if act.resumes else ''}{_pairs(act.slots)}"
        case Fill():
            return _pairs({act.slot: act.value})
        case Correct():
            return _listed([act.slot]) if act.value is None else _pairs({act.slot: act.value})
        case Choose():
            return _listed([act.slot, *act.candidates])
        case Ask():
            return _words(questions.get(act.entry, act.entry))
        case Query():
            return f" {_token(act.name)}{_pairs(act.slots)}"
        case Quote():
            return "".join(f" {pieces}*{_token(sku)}" for sku, pieces in act.basket)
        case Recommend():
            return _words(act.words)
        case Compare():
            return _listed(act.skus) + ("" if act.aspect is None else f" by={_token(act.aspect)}")
        case SmallTalk() | Danger():
            return _listed([act.kind])
        case Refuse():
            return _listed([act.flow])
        case Reject():
            return _listed(act.targets)
        case Unclear():
            return " ?" if act.asks else ""
    return ""


def _plain(token: str) -> str:
    return str(json.loads(token)) if token.startswith('"') else token


def _read_pairs(text: str) -> dict[str, str]:
    return {_plain(name): _plain(value) for name, value in _PAIRS.findall(text)}


def _read_list(text: str) -> tuple[str, ...]:
    return tuple(_plain(token) for token in _TOKENS.findall(text))


def _read_words(text: str) -> str:
    return _ESCAPED.sub(lambda match: "\n" if match[1] == "n" else match[1], text)


def _read_correct(match: re.Match[str]) -> Act:
    return Correct(slot=_plain(match[1]), value=None if match[2] is None else _plain(match[2]))


def _read_start(match: re.Match[str]) -> Act:
    return Start(flow=_plain(match[1]), resumes=match[2] is not None, slots=_read_pairs(match[3]))


def _read_quote(match: re.Match[str]) -> Act:
    return Quote(basket=tuple((_plain(sku), int(pieces)) for pieces, sku in _PIECES.findall(match[0])))


def _read_compare(match: re.Match[str]) -> Act:
    return Compare(skus=_read_list(match[1]), aspect=None if match[2] is None else _plain(match[2]))


_BARE_ACTS: dict[str, type[Act]] = {
    kind(act()): act for act in (Affirm, Cancel, Complaint, Deny, Hesitate, OutOfScope, Person, Resume)
}
# Act → what follows its name (a regex of the whole rest), how it is read, and how an error tells it.
_LINES: dict[str, tuple[str, Callable[[re.Match[str]], Act], str]] = {
    "ask": (r" (.+)", lambda m: Ask(entry=_read_words(m[1])), "WORDS"),
    "choose": (
        rf" ({_TOKEN})((?: {_TOKEN})*)",
        lambda m: Choose(slot=_plain(m[1]), candidates=_read_list(m[2])),
        "SLOT VALUE VALUE …",
    ),
    "compare": (rf"((?: {_TOKEN}(?!=))*)(?: by=({_TOKEN}))?", _read_compare, "SKU SKU … [by=ASPECT]"),
    "correct": (rf" ({_TOKEN})(?:=({_TOKEN}))?", _read_correct, "SLOT[=VALUE]"),
    "danger": (rf" ({_TOKEN})", lambda m: Danger(kind=_plain(m[1])), "KIND"),
    "fill": (rf" ({_TOKEN})=({_TOKEN})", lambda m: Fill(slot=_plain(m[1]), value=_plain(m[2])), "SLOT=VALUE"),
    "query": (
        rf" ({_TOKEN})((?: {_PAIR})*)",
        lambda m: Query(name=_plain(m[1]), slots=_read_pairs(m[2])),
        "NAME [SLOT=VALUE …]",
    ),
    "quote": (rf"(?: \d{{1,9}}\*{_TOKEN})*", _read_quote, "COUNT*SKU COUNT*SKU …"),
    "recommend": (r"(?: (.+))?", lambda m: Recommend(words=_read_words(m[1] or "")), "[WORDS]"),
    "refuse": (rf" ({_TOKEN})", lambda m: Refuse(flow=_plain(m[1])), "FLOW"),
    "reject": (rf"((?: {_TOKEN})*)", lambda m: Reject(targets=_read_list(m[1])), "[TARGET …]"),
    "smalltalk": (rf" ({_TOKEN})", lambda m: SmallTalk(kind=_plain(m[1])), "KIND"),
    "start": (rf" ({_TOKEN})( again)?((?: {_PAIR})*)", _read_start, "FLOW [again] [SLOT=VALUE …]"),
    "unclear": (r"( \?)?", lambda m: Unclear(asks=m[1] is not None), "[?]"),
}
VERBS: Sequence[str] = sorted([*_LINES, *_BARE_ACTS])


def _act(number: int, line: str) -> Act:
    verb, space, rest = line.partition(" ")
    if (bare := _BARE_ACTS.get(verb)) and not space:
        return bare()
    if verb not in _LINES:
        expected = f"'{verb}' alone" if bare else f"a line that begins with one of {', '.join(VERBS)}"
        raise BadActs(f"acts line {number}: {line[:80]!r} is not an act: write {expected}")
    pattern, read, form = _LINES[verb]
    match = re.fullmatch(pattern, space + rest)
    try:
        if match:
            return read(match)
    except ValueError:  # a string that is not JSON
        pass
    raise BadActs(f"acts line {number}: {line[:80]!r} is not of this form: write '{verb} {form}'")
