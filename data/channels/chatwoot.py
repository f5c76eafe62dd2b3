"""Chatwoot: conversations with their messages, as its API returns them, one a line or one JSON array::

    {"id": 42, "status": "resolved", "meta": {"sender": {"id": 7, "identifier": "u7"}},
     "messages": [{"message_type": 0, "content": "在吗", "created_at": 1762653600, "private": false}]}

Also ``GET …/conversations/{id}/messages`` as it comes (``payload`` instead of ``messages``), and webhooks'
spelling (``"incoming"``, ISO times). Private notes, activities and deleted messages were not said; templates
and agent bots are ``bot``; a survey's answer is the CSAT. A contact without ``identifier`` is "chatwoot:<id>".
A conversation with messages of several contacts (a group) is a problem.

Not read: Chatwoot's CSV reports, for they hold figures and no messages, and pictures, which become empty turns.
"""

from __future__ import annotations

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

_TYPES = {0: "incoming", 1: "outgoing", 2: "activity", 3: "template"}  # the API writes numbers, webhooks names
_ROLES = {"incoming": "customer", "outgoing": "agent", "template": "bot"}
_BOTS = frozenset({"agent_bot", "AgentBot", "captain_assistant", "Captain::Assistant"})
_OUTCOMES = {"resolved": "resolved"}


def _was_said(message: dict[str, Any], kind: str) -> bool:
    deleted = mapping(message.get("content_attributes") or {}, "content_attributes").get("deleted")
    return not (kind == "activity" or message.get("private") or deleted or message.get("content_type") == "input_csat")


def _turn(message: dict[str, Any], name: str) -> RawTurn | None:
    given = message.get("message_type")
    kind = _TYPES.get(given, "") if isinstance(given, int) else str(given)
    if kind not in _TYPES.values():
        raise BadRow(f"{name}.message_type: {given!r} is not one of 0 to 3 or {', '.join(_TYPES.values())}")
    if not _was_said(message, kind):
        return None
    sender = mapping(message.get("sender") or {}, f"{name}.sender").get("type")
    by_bot = kind == "outgoing" and not _BOTS.isdisjoint(filter(_is_text, (sender, message.get("sender_type"))))
    text = optional_text(message.get("content"), f"{name}.content") or ""
    return RawTurn("bot" if by_bot else _ROLES[kind], text, moment(message.get("created_at"), f"{name}.created_at"))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _csat(messages: list[dict[str, Any]]) -> Any:
    """The last survey's answer, 1 to 5, or None."""
    for message in reversed(messages):
        if message.get("content_type") == "input_csat":
            attributes = mapping(message.get("content_attributes") or {}, "content_attributes")
            values = mapping(attributes.get("submitted_values") or {}, "submitted_values")
            return mapping(values.get("csat_survey_response") or {}, "csat_survey_response").get("rating")
    return None


def _customer(row: dict[str, Any]) -> str | None:
    meta = mapping(row.get("meta") or {}, "meta")
    contact = mapping(meta.get("sender") or meta.get("contact") or {}, "meta.sender")
    if known := optional_text(contact.get("identifier"), "meta.sender.identifier"):
        return known
    number = optional_text(contact.get("id"), "meta.sender.id")
    return f"chatwoot:{number}" if number else None


def _check_contacts(row: dict[str, Any], messages: list[dict[str, Any]], name: str) -> None:
    """Contacts are compared by id, where none has one by identifier. Raises BadRow when there are two."""
    meta = mapping(row.get("meta") or {}, "meta")
    ids, identifiers = dict[str, tuple[str, str]](), list[tuple[str | None, str]]()
    people = [("meta.sender", mapping(meta.get("sender") or meta.get("contact") or {}, "meta.sender"), None)]
    for index, message in enumerate(messages):
        if message.get("message_type") in (0, "incoming") and _was_said(message, "incoming"):
            place = f"{name}[{index}].sender"
            sender = mapping(message.get("sender") or {}, place)
            if str(sender.get("type") or message.get("sender_type") or "contact").lower() == "contact":
                people.append((place, sender, message.get("sender_id")))
    for place, person, other in people:
        known = optional_text(person.get("identifier"), f"{place}.identifier")
        if number := optional_text(person.get("id", other), f"{place}.id"):
            ids.setdefault(number, (known or f"chatwoot:{number}", place))
        identifiers.append((known, place))
    one_customer(ids.values() or identifiers)


def _dialogue(line: Line) -> ParsedDialogue:
    row = decode(line.text)
    name = "payload" if "payload" in row else "messages"
    messages = [mapping(value, f"{name}[{i}]") for i, value in enumerate(sequence(row.get(name), name))]
    turns = [_turn(message, f"{name}[{i}]") for i, message in enumerate(messages)]
    _check_contacts(row, messages, name)
    session = row.get("id") or next((known for message in messages if (known := message.get("conversation_id"))), None)
    return ParsedDialogue(
        line.file,
        line.number,
        line.text,
        session=optional_text(session, "id"),
        customer=_customer(row),
        turns=[turn for turn in turns if turn],
        outcome=_OUTCOMES.get(str(row.get("status"))),
        csat=_csat(messages),
    )


parse = per_line(_dialogue)
