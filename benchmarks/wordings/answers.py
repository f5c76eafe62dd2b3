"""How well is read what customers say to an open question? Labelled wordings with ``after``, and other files of them.

    python -m benchmarks.wordings.answers [--release store/release] [--file more.yaml] [--lines even] [--show 20]

Each wording stands in a flow that asks what its ``after`` asks, as far as ``QUESTIONS`` knows the question; others are
left out. Read are the policy's moves: a yes that confirms, a no or "leave it" that ends the flow, time that is given, a
person. False: such a move that no label of the message allows. Results: docs/measurements/conversations.md.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from kefu.paths import RELEASE
from kefu.shop.part import read_part
from kefu.shop.slots import CJK
from kefu.shop.wordings.labelled import Wording, load_wordings
from kefu.split import labelled_side
from pipelines.params import load_params
from serving.dialogue.assistant import Assistant, _situation
from serving.dialogue.policy import moves
from serving.dialogue.policy.plan import plan
from serving.sessions.session import FlowState, SaidTurn, Session
from serving.sessions.store import Held, Sessions
from serving.sessions.valkey import embedded_store

# What the assistant asked → flow and step of the demo's pack, the first that fits. A confirmation has its flow's word.
CONFIRMS = (
    r"确认|要我|需要我|要帮您|需要帮您|[对好可以]吗|继续办"
    r"|[Ss]hall [Iw]|[Ss]ubmit|[Cc]onfirm|[Cc]orrect\?|All right\?|[Cc]arry on\?"
)
CONFIRMED = [
    (r"取消|[Cc]ancel", "cancel", "confirm_paid"),
    (r"发票|开票|invoice", "invoice", "confirm"),
    (r"地址|address|\d+ Jiangnan", "delivery", "confirm"),
    (r"差价|价保|difference", "price", "confirm"),
    (r"换|[Ee]xchange|swap", "exchange", "confirm"),
    (r"退货|退款|[Rr]eturn|refund", "return", "confirm_paid"),
]
QUESTIONS = [
    (r"收到.{0,8}吗|(?:[Dd]id|[Hh]ave).{0,20}(?:arrive|receive)", "parcel", "delivered"),
    (r"催|hurr|chase", "parcel", "delayed"),
    *((rf"(?:{CONFIRMS}).*(?:{word})|(?:{word}).*(?:{CONFIRMS})", flow, step) for word, flow, step in CONFIRMED),
    (r"取消.*(?:哪|订单号|号)|[Ww]hich.*cancel|cancel.*which", "cancel", "ask_order"),
    (r"取消.*(?:原因|为什么)|(?:why|reason).*cancel", "cancel", "ask_reason"),
    (r"发票.*(?:哪|订单号)|order.*invoice", "invoice", "ask_order"),
    (r"个人还是|单位还是|personal or|for a company", "invoice", "ask_kind"),
    (r"抬头|[Ww]hose name|[Nn]ame .*invoice|title", "invoice", "ask_title"),
    (r"税号|tax number", "invoice", "ask_tax"),
    (r"邮箱|e-?mail", "invoice", "ask_email"),
    (r"地址.*(?:发|哪|多少|告诉|写)|(?:新的?|收货)地址|new address", "delivery", "ask_address"),
    (r"换成|instead|exchanged? for|[Gg]rey or cream|颜色|尺寸", "exchange", "ask_what"),
    (r"换货.*(?:哪|订单)|(?:哪|订单).*换|exchange", "exchange", "ask_order"),
    (r"几[件个条]|多少[件个条]|[Hh]ow many", "return", "ask_quantity"),
    (r"原因|为什么|为啥|[Ww]hy|[Rr]eason", "return", "ask_reason"),
    (r"哪一?[件样个]商?品|哪一?[件样]|[Ww]hich (?:item|one|product)", "return", "ask_item"),
    (r"(?:物流|包裹|查).*(?:哪|订单号)|哪.*(?:物流|包裹|查)|(?:order|parcel).*track", "parcel", "ask_order"),
    (r"哪|订单号|单号|[Ww]hich order|order number", "return", "ask_order"),
]
STOPS = frozenset({"no", "leave"})
KINDS = ("yes", "no", "leave", "hesitate", "person")


class Case(NamedTuple):
    """A wording, and the flow and step that its question stands for."""

    wording: Wording
    flow: str
    step: str


def place(wordings: Sequence[Wording]) -> Iterator[Case]:
    """The wordings whose question is known. One with a yes answers a confirmation: else its question is not known."""
    confirms = {step for _, _, step in CONFIRMED} | {"delivered", "delayed"}
    for wording in wordings:
        found = next((some[1:] for some in QUESTIONS if wording.after and re.search(some[0], wording.after)), None)
        if found and (found[1] in confirms or "yes" not in wording.acts):
            yield Case(wording, *found)


def read(assistant: Assistant, case: Case, customer: str) -> set[str]:
    """What the policy makes of the message: of ``KINDS``, "value", "begins", or nothing."""
    session = Session(id=uuid.uuid4().hex, customer=customer, lang="zh" if CJK.search(case.wording.say) else "en")
    order = next(iter(assistant._linker.orders(customer, assistant.now().isoformat())))
    session.flow = FlowState(flow=case.flow, step=case.step)
    if case.step != "ask_order":
        session.flow.slots["order_number"] = assistant.texts.placeholder(session, order.id)
    session.remember(SaidTurn(role="bot", text=case.wording.after, time=None))
    turn = assistant._understand(Held(session, None, "", ""), case.wording.say, None, 0.0)
    names: set[str] = set()
    for move in plan(_situation(turn, assistant._flows), turn.reading.acts):
        match move:
            case moves.HandOver(reason="asked" | "danger"):
                names.add("person")
            case moves.Confirm(yes=yes):
                names.add("yes" if yes else "no")
            case moves.Leave() | moves.Retract():
                names.add("leave")
            case moves.Wait():
                names.add("hesitate")
            case moves.Put() | moves.Revise() | moves.Offer():
                names.add("value")
            case moves.Begin():
                names.add("begins")
            case _:
                pass
    return names


def is_read(kind: str, names: set[str]) -> bool:
    """Whether moves do what a label says; a no and a "leave it" both end the flow."""
    return bool(names & STOPS) if kind in STOPS else kind in names


def is_false(kind: str, case: Case, names: set[str]) -> bool:
    """Whether moves do what no label of the message allows."""
    acts = {act.partition(":")[0] for act in case.wording.acts}
    allowed = {
        "yes": {"yes"},
        "no": STOPS | {"flow", "correct"},  # another wish, or another value, says no as well
        "leave": STOPS | {"flow", "person"},
        "hesitate": {"hesitate", *STOPS},
        "person": {"person", "complaint", "danger"},
    }[kind]
    return kind in names and not acts & allowed


def main() -> None:
    """Prints the share of each kind that is read, and how often a message without it was read so."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", type=Path, default=RELEASE)
    parser.add_argument("--file", type=Path, help="labelled messages; default: the pack's measuring side")
    parser.add_argument("--lines", choices=("all", "even", "odd"), default="all", help="of the file")
    parser.add_argument("--show", type=int, default=0, help="misread messages to print")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, closing(embedded_store()) as store:
        params = load_params().serving
        sessions = Sessions(store.url, params.session_ttl_s)
        assistant = Assistant.open(asked.release, Path(folder), params, sessions=sessions, engines={})
        with closing(assistant):
            if asked.file:
                start, step = {"all": (0, 1), "even": (1, 2), "odd": (0, 2)}[asked.lines]
                wordings: Sequence[Wording] = read_part(asked.file, tuple[Wording, ...])[start::step]
            else:
                wordings = [w for w in load_wordings(assistant.pack) if labelled_side(w.say) == "measure"]
            cases = list(place(wordings))
            said = [(case, read(assistant, case, assistant.pack.shop.demo_customers[0])) for case in cases]
    print(f"{len(cases)} of {sum(bool(w.after) for w in wordings)} messages stand at a question that is known")
    _print(said, asked.show)


def _print(said: Sequence[tuple[Case, set[str]]], show: int) -> None:
    table, lost = Table("label", "messages", "read", "false"), list[tuple[str, Case, set[str]]]()
    for kind in KINDS:
        own = [(case, names) for case, names in said if kind in case.wording.acts]
        missed = [(case, names) for case, names in own if not is_read(kind, names)]
        false = [(case, names) for case, names in said if is_false(kind, case, names)]
        table.add_row(kind, str(len(own)), f"{1 - len(missed) / max(len(own), 1):.1%}", str(len(false)))
        lost += [(f"{kind} lost", *some) for some in missed] + [(f"false {kind}", *some) for some in false]
    Console(width=100).print(table)
    print(Counter(what for what, *_ in lost))
    for what, case, names in lost[:show]:
        print(f"{what}: {case.wording.say}    after {case.wording.after} ({case.flow})  {case.wording.acts} → {names}")


if __name__ == "__main__":
    main()
