"""What Kefu itself answered on a day, turn by turn and without a word of it: what MLflow shows as traces.

Read from the log that serving writes (``data/channels/serving_log``). Words, customers and sessions stay in the store,
where `kefu forget` finds them; the id of a message leads back to its line.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from data.monitoring.params import Monitor
from kefu.registry.evaluations import logged_model_id
from kefu.registry.runs import StageRun
from kefu.registry.traces import TracedConversation, has_traces, log_conversations
from kefu.schema import SpokenTurn
from kefu.split import fraction

DAY = "kefu.day"  # tag of a trace
UNANSWERED = {"fallback", "human"}  # routes of a message that Kefu had no answer for


class Served(NamedTuple):
    """A conversation as the log tells it. release: content hash of what answered."""

    release: str
    conversation: TracedConversation


def log_served(run: StageRun, logs: Iterable[Path], day: str, params: Monitor) -> None:
    """Shows some of what Kefu answered that day, by the release that answered; a day is shown once.

    Args:
        logs: folders of the sources that serving writes.
    """
    if not params.traces or has_traces(DAY, day):
        return
    by_release: dict[str, list[TracedConversation]] = {}
    for served in (one for log in logs for one in sample(log / f"dt={day}", params.traces, params.seed)):
        by_release.setdefault(served.release, []).append(served.conversation)
    for release, conversations in by_release.items():
        log_conversations(run, logged_model_id(release), conversations, {DAY: day})


def sample(day: Path, count: int, seed: int) -> list[Served]:
    """At most ``count`` conversations of a day's folder of the log, drawn by their sessions."""
    sessions: dict[str, list[dict[str, Any]]] = {}
    for row in _rows(day):
        sessions.setdefault(row["session"], []).append(row)
    drawn = sorted(sessions, key=lambda session: fraction(session, seed))
    told = (_served(sessions[session], day.name) for session in drawn)
    return [served for served in told if served.conversation.turns][:count]


def _rows(day: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(day.glob("*.jsonl")):
        for line in path.read_text(encoding="utf8", errors="replace").splitlines():
            try:
                row = json.loads(line)
                datetime.fromisoformat(row["time"])
            except (ValueError, KeyError, TypeError):  # the last line of a replica that was killed
                continue
            if isinstance(row.get("session"), str):
                yield row


def _served(rows: list[dict[str, Any]], day: str) -> Served:
    asked = {row.get("message"): row for row in rows if row.get("role") == "customer"}
    answers = [row for row in rows if "route" in row]
    turns = [_turn(asked.get(answer.get("message"), {}), answer) for answer in answers]
    faults = [f"turn {n}: {row['route']}" for n, row in enumerate(answers, 1) if row["route"] in UNANSWERED]
    began = datetime.fromisoformat(min(row["time"] for row in rows))
    release = next((row["release"] for row in answers if "release" in row), "")
    name = f"served {day.removeprefix('dt=')}"
    return Served(release, TracedConversation(name, turns, "; ".join(faults), int(began.timestamp() * 1000)))


def _turn(message: dict[str, Any], answer: dict[str, Any]) -> SpokenTurn:
    """What the message was read as, and what answered it."""
    read = [f"message {answer.get('message', '–')}", *message.get("acts", ())]
    if "intent" in message:
        read.append(f"{message['intent']} {message.get('confidence', 0):.0%}")
    given = [str(answer[name]) for name in ("route", "flow", "engine", "outcome") if name in answer]
    given += [f"asks {answer['asks']}"] if "asks" in answer else []
    given += ["stopped by the customer"] if answer.get("stopped") else []
    latency = float(answer.get("latency_ms", 0))
    return SpokenTurn(said=" · ".join(read), answered=" · ".join(given), route=answer["route"], latency_ms=latency)
