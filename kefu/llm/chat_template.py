"""A model folder's own chat template: what it says about the model, and whether we render chats as it does.

The template is the only place that tells whether an answer opens with an empty thought: Qwen3 and
Qwen3-…-Instruct-2507 have one ``model_type`` and one tokenizer. Rendered in Jinja's sandbox, as transformers does.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import takewhile
from pathlib import Path

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer

from kefu.errors import Unusable
from kefu.io import read_json
from kefu.llm.chat import EMPTY_THINK, ChatRenderer
from kefu.schema import Message

_CHAT = (
    Message(role="system", content="你是客服。\n资料：七天内可退货。"),
    Message(role="user", content="能退吗？ It's  order 2026"),
    Message(role="assistant", content="能，\n\n七天内。"),
    Message(role="user", content="谢谢"),
    Message(role="assistant", content="不客气 :)"),
)
_SHOWN = 40  # characters of each side that an error shows


def read_chat_template(folder: Path) -> str | None:
    """Source of the folder's template, or None; older models keep it inside tokenizer_config.json."""
    path, config = folder / "chat_template.jinja", folder / "tokenizer_config.json"
    if path.is_file():
        return path.read_text(encoding="utf8")
    found = read_json(config).get("chat_template") if config.is_file() else None
    if isinstance(found, list):  # several templates by name
        found = {one["name"]: one["template"] for one in found}.get("default")
    return found


def opens_with_empty_thought(folder: Path) -> bool | None:
    """Whether the template, with thinking off, opens an answer with an empty thought; None without a template."""
    template = read_chat_template(folder)
    return None if template is None else _render(template, _CHAT[:2], prompt=True).endswith("".join(EMPTY_THINK))


def check_template(folder: Path, renderer: ChatRenderer) -> None:
    """Compares our rendering with the template's, token by token, on chats of one and two answers.

    Raises:
        Unusable: there is no template, or it writes another text; the message shows where they part.
    """
    template = read_chat_template(folder)
    if template is None:
        raise Unusable(f"{folder}: no chat template: name an instruct model, or copy its chat_template.jinja there")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    for length in range(2, len(_CHAT) + 1):
        chat, prompt = _CHAT[:length], _CHAT[length - 1].role == "user"
        theirs = tokenizer.encode(_render(template, chat, prompt), add_special_tokens=False).ids
        ours = renderer.prompt(chat) if prompt else renderer.render(chat).ids
        if ours != theirs:
            same = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(ours, theirs, strict=False))))
            found, wanted = (tokenizer.decode(ids[same:], skip_special_tokens=False)[:_SHOWN] for ids in (ours, theirs))
            raise Unusable(
                f"{folder}: its chat template writes {wanted!r} where Kefu would write {found!r}: it is not of the "
                "families that Kefu renders (ChatML as Qwen2.5, Qwen3 and SmolLM2 write it): name another model"
            )


def _render(template: str, messages: Sequence[Message], prompt: bool) -> str:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.globals["raise_exception"] = _refuse
    environment.globals["strftime_now"] = datetime.now().strftime
    try:
        return environment.from_string(template).render(
            messages=[message.model_dump() for message in messages],
            add_generation_prompt=prompt,
            enable_thinking=False,
            bos_token="",
        )
    except TemplateError as error:
        raise Unusable(f"chat template: {error}: it cannot render a plain chat: name another model") from error


def _refuse(message: str) -> None:
    raise TemplateError(message)
