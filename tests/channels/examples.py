"""One synthetic example a channel, as its source would write it: session s<n>, "在吗", then "在的，您好"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.channels import CHANNELS
from data.channels.base import ParsedDialogue
from data.channels.params import Columns, Source
from data.channels.reading.files import Inputs, Problem

WHEN = "2026-11-09T10:00:00+08:00"


@dataclass(frozen=True)
class Example:
    """``record`` is a record with %(n)s and %(words)s in it; ``answered`` is who answers."""

    record: str
    header: str = ""
    timed: bool = True
    customer: str | None = "u7"
    answered: str = "agent"


OWN = (
    '{"schema":1,"session":"s%(n)s","customer":"u7","turns":[{"role":"customer","text":"%(words)s",'
    '"time":"2026-11-09T10:00:00+08:00"},{"role":"agent","text":"在的，您好"}]}\n'
)
OPENAI = (
    '{"id":"s%(n)s","customer":"u7","messages":[{"role":"system","content":"be kind"},'
    '{"role":"user","content":[{"type":"text","text":"%(words)s"},{"type":"image_url","image_url":{}}]},'
    '{"role":"assistant","content":null,"tool_calls":[{}]},{"role":"tool","content":"{}"},'
    '{"role":"assistant","content":"在的，您好"}]}\n'
)
SHAREGPT = (
    '{"id":"s%(n)s","customer":"u7","conversations":[{"from":"system","value":"be kind"},'
    '{"from":"human","value":"%(words)s"},{"from":"gpt","value":"在的，您好"}]}\n'
)
ALPACA = (
    '{"id":"s%(n)s","customer":"u7","instruction":"%(words)s","input":"","output":"在的，您好","system":"be kind"}\n'
)
CHATWOOT = (
    '{"id":"s%(n)s","status":"resolved","meta":{"sender":{"id":3,"identifier":"u7"}},"messages":['
    '{"message_type":2,"content":"Conversation was opened"},'
    '{"message_type":0,"content":"%(words)s","created_at":1794189600,"private":false},'
    '{"message_type":1,"content":"check stock","private":true},'
    '{"message_type":"outgoing","content":"在的，您好","created_at":1794189602,"sender":{"type":"user"}}]}\n'
)
ZENDESK = (
    '{"id":"s%(n)s","requester_id":7,"requester":{"id":7,"external_id":"u7"},"status":"solved","comments":['
    '{"author_id":7,"body":"%(words)s","public":true,"created_at":"2026-11-09T02:00:00Z"},'
    '{"author_id":9,"body":"check stock","public":false},'
    '{"author_id":9,"plain_body":"在的，您好","body":"在的，您好 ","public":true}]}\n'
)
STUDIO = (
    '{"id":5,"data":{"dialogue_id":"s%(n)s","customer":"u7","dialogue":[{"author":"顾客 Customer","text":"%(words)s"},'
    '{"author":"客服 Agent","text":"在的，您好"}]},"annotations":[{"result":[]}]}\n'
)
TSV = "s%(n)s\tu7\t0\t0\t0\tnan\t%(words)s\ns%(n)s\tu7\t1\t0\t0\tnan\t在的，您好\n"
CSV = "s%(n)s,u7,2026/11/9 10:00,买家,%(words)s\ns%(n)s,u7,2026/11/9 10:01,卖家,在的，您好\n"
LOG = (
    '{"session":"s%(n)s","customer":"c_0123456789abcdef","time":"2026-11-09T10:00:00+08:00","role":"customer",'
    '"text":"%(words)s"}\n{"session":"s%(n)s","customer":"c_0123456789abcdef","time":"2026-11-09T10:00:02+08:00",'
    '"role":"bot","text":"在的，您好"}\n'
)
EXAMPLES = {
    "alpaca": Example(ALPACA, timed=False),
    "chatwoot": Example(CHATWOOT),
    "csv": Example(CSV, header="会话ID,买家,时间,发送方,内容\n"),
    "jddc": Example(TSV, timed=False),
    "kefu_jsonl": Example(OWN),
    "label_studio": Example(STUDIO, timed=False),
    "openai_messages": Example(OPENAI, timed=False),
    "serving_log": Example(LOG, customer="c_0123456789abcdef", answered="bot"),
    "sharegpt": Example(SHAREGPT, timed=False),
    "zendesk": Example(ZENDESK),
}
GATHERED = frozenset({"csv", "jddc", "serving_log"})  # a record stands on several lines


def source(channel: str, encoding: str | None = None) -> Source:
    """The channel as params.yaml would have it."""
    if channel != "csv":
        return Source(name="shop", channel=channel, encoding=encoding)
    columns = Columns(session="会话ID", customer="买家", role="发送方", text="内容", time="时间")
    roles: dict[str, Any] = {"买家": "customer", "卖家": "agent", "系统": "ignore"}
    return Source(
        name="shop", channel="csv", encoding=encoding, columns=columns, roles=roles, time_format="%Y/%m/%d %H:%M"
    )


def record(channel: str, n: object, words: str = "在吗") -> str:
    """One record, with its line ends."""
    return EXAMPLES[channel].record % {"n": n, "words": words}


def document(channel: str, *records: str) -> str:
    """A file of records."""
    return EXAMPLES[channel].header + "".join(records)


def read(channel: str, *files: Path, encoding: str | None = None) -> tuple[list[ParsedDialogue], list[Problem], Inputs]:
    """What the channel makes of files."""
    inputs = Inputs(files, source(channel, encoding))
    items: Sequence[ParsedDialogue | Problem] = list(CHANNELS[channel](inputs))
    return [i for i in items if isinstance(i, ParsedDialogue)], [i for i in items if isinstance(i, Problem)], inputs
