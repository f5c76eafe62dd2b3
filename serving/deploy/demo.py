"""Talks with a running server, as customers would, and prints the conversations of the pack's demo.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from kefu.params import pack_folder
from serving.deploy.client import CHANNELS, open_session
from serving.deploy.demo_script import Conversation, load_demo


def converse(base_url: str, pack: Path | None = None, console: Console | None = None) -> list[dict[str, Any]]:
    """Holds every demo conversation; returns what happened.

    Returns:
        One dict a message: conversation, channel, message, and the fields of ``Reply`` (among them route,
        intent, engine, outcome, latency_ms, first_token_ms).
    """
    turns = []
    for conversation in load_demo(pack or pack_folder()).conversations:
        turns += _hold(base_url, conversation, console or Console())
    return turns


def _hold(base_url: str, conversation: Conversation, console: Console) -> list[dict[str, Any]]:
    session = open_session(base_url, conversation.customer)
    lines, turns = Table.grid(padding=(0, 1)), []
    for message in conversation.messages:
        reply = CHANNELS[conversation.channel](session, message)
        turns.append({"conversation": conversation.title, "channel": conversation.channel, "message": message, **reply})
        lines.add_row("[bold cyan]customer[/]", escape(message))
        lines.add_row("[bold green]kefu[/]", f"{escape(reply['text'])}\n[dim]{escape(_facts(reply))}[/]")
    who = conversation.customer or "a guest"
    console.print(Panel(lines, title=escape(conversation.title), subtitle=f"SAMPLE · {who}", title_align="left"))
    return turns


def _facts(reply: dict[str, Any]) -> str:
    """One line on how the answer came about."""
    facts = [reply["route"], f"{reply['intent']} {reply['confidence']:.0%}", reply["flow"], reply["engine"]]
    facts += [f"asks {reply['asks']}" if reply["asks"] else None, reply["outcome"], f"{reply['latency_ms']:.0f} ms"]
    return " · ".join(fact for fact in facts if fact)
