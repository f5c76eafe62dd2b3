"""Zendesk: tickets with their comments (the full JSON export), and chats with their history, one a line::

    {"id": 9, "requester_id": 7, "status": "solved", "satisfaction_rating": {"score": "good"},
     "comments": [{"author_id": 7, "body": "在吗", "public": true, "created_at": "2026-11-09T02:00:00Z"}]}
    {"id": "c9", "type": "chat", "visitor": {"id": "v7"}, "rating": "good",
     "history": [{"type": "chat.msg", "sender_type": "Visitor", "msg": "在吗", "timestamp": "2026-11-09T02:00:00Z"}]}

The requester and end users are customers, triggers are ``bot``, everybody else is ``agent``; a ticket or chat with
words of two customers is a problem. Private comments and chat events were not said. Zendesk's rating has two steps:
good becomes 5, bad 1. A solved or closed ticket is resolved. A requester without ``external_id`` is "zendesk:<id>".
A file is lines, as exported, or one JSON array.

Not read: the CSV and XML exports, which hold no comments; ``html_body``, which always comes with ``body``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from data.channels.base import (
    BadRow,
    Line,
    ParsedDialogue,
    RawTurn,
    decode,
    mapping,
    moment,
    one_customer,
    optional_text,
    per_line,
    sequence,
)

_CSAT = {"good": 5, "bad": 1}
_SENDERS = {"visitor": "customer", "agent": "agent", "trigger": "bot"}
_SYSTEM = -1  # author of what Zendesk itself writes
_DONE = frozenset({"solved", "closed"})


def _author(comment: dict[str, Any], requester: object, name: str) -> str:
    author, via = comment.get("author_id"), mapping(comment.get("via") or {}, f"{name}.via")
    if author is None:
        raise BadRow(f"{name}.author_id is missing")
    if author == _SYSTEM or via.get("channel") in ("rule", "system"):
        return "bot"
    known = mapping(comment.get("author") or {}, f"{name}.author").get("role")
    return "customer" if author == requester or known == "end-user" else "agent"


def _comments(row: dict[str, Any], requester: object) -> Iterator[RawTurn]:
    if "comments" not in row:
        raise BadRow("comments is missing: export tickets with their comments (full JSON export), not as a list")
    for index, value in enumerate(sequence(row["comments"], "comments")):
        name = f"comments[{index}]"
        comment = mapping(value, name)
        if comment.get("public") is False:
            continue
        text = optional_text(comment.get("plain_body") or comment.get("body"), f"{name}.body") or ""
        time = moment(comment.get("created_at"), f"{name}.created_at")
        yield RawTurn(_author(comment, requester, name), text, time)


def _end_users(row: dict[str, Any], requester: object) -> Iterator[tuple[str | None, str]]:
    """The id of the requester, and of the customer who wrote each public comment."""
    yield optional_text(requester, "requester_id"), "requester_id"
    for index, comment in enumerate(row["comments"]):
        name = f"comments[{index}]"
        if comment.get("public") is not False and _author(comment, requester, name) == "customer":
            yield optional_text(comment["author_id"], f"{name}.author_id"), f"{name}.author_id"


def _ticket(row: dict[str, Any], line: Line) -> ParsedDialogue:
    person = mapping(row.get("requester") or {}, "requester")
    requester = row.get("requester_id", person.get("id"))
    known = optional_text(person.get("external_id"), "requester.external_id")
    number = optional_text(requester, "requester_id")
    if number is None:
        raise BadRow("requester_id is missing: nothing tells the customer from the agents")
    score = mapping(row.get("satisfaction_rating") or {}, "satisfaction_rating").get("score")
    turns = list(_comments(row, requester))
    one_customer((known if known and one == number else f"zendesk:{one}", at) for one, at in _end_users(row, requester))
    return ParsedDialogue(
        line.file,
        line.number,
        line.text,
        session=optional_text(row.get("id"), "id"),
        customer=known or f"zendesk:{number}",
        turns=turns,
        outcome="resolved" if str(row.get("status")) in _DONE else None,
        csat=_CSAT.get(str(score)),
    )


def _messages(row: dict[str, Any]) -> Iterator[RawTurn]:
    for index, value in enumerate(sequence(row.get("history"), "history")):
        name = f"history[{index}]"
        event = mapping(value, name)
        if event.get("type") != "chat.msg":
            continue
        sender = str(event.get("sender_type") or "").lower()
        if sender not in _SENDERS:
            raise BadRow(f"{name}.sender_type: {sender!r} is not one of {', '.join(_SENDERS)}")
        text = optional_text(event.get("msg"), f"{name}.msg") or ""
        yield RawTurn(_SENDERS[sender], text, moment(event.get("timestamp"), f"{name}.timestamp"))


def _visitors(row: dict[str, Any]) -> Iterator[tuple[str | None, str]]:
    for index, event in enumerate(row.get("history") or ()):
        if event.get("type") == "chat.msg" and str(event.get("sender_type")).lower() == "visitor":
            name = f"history[{index}].sender_id"
            number = optional_text(event.get("sender_id"), name)
            yield f"zendesk:{number}" if number else None, name


def _chat(row: dict[str, Any], line: Line) -> ParsedDialogue:
    visitor = optional_text(mapping(row.get("visitor") or {}, "visitor").get("id"), "visitor.id")
    offline = row.get("type") == "offline_msg"
    turns = [] if offline else list(_messages(row))
    one_customer(_visitors(row))
    left = RawTurn("customer", optional_text(row.get("message"), "message") or "", moment(row.get("timestamp"), "time"))
    return ParsedDialogue(
        line.file,
        line.number,
        line.text,
        session=optional_text(row.get("id"), "id"),
        customer=f"zendesk:{visitor}" if visitor else None,
        turns=[left] if offline else turns,
        csat=_CSAT.get(str(row.get("rating"))),
    )


def _dialogue(line: Line) -> ParsedDialogue:
    row = decode(line.text)
    return (_chat if "history" in row or row.get("type") == "offline_msg" else _ticket)(row, line)


parse = per_line(_dialogue)
