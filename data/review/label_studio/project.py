"""The review project on a Label Studio server: made once, its page kept up with the shop pack.

One annotation a task is asked for; the share that two people answer gets its overlap task by task
(``studio``). Tabs (``tabs``) and instructions come with the project.
"""

from __future__ import annotations

import logging
from typing import Any

from data.review.label_studio.page import Page, page_text
from data.review.label_studio.slot_labels import PageSlots
from data.review.label_studio.tabs import show_tabs
from data.review.label_studio.tasks import MODEL
from data.review.params import Review
from kefu.shop.pack import Pack
from kefu.shop.part import Text

INSTRUCTIONS = (
    Text(
        zh="蓝框里的话是要标注的（一段对话最多三句），上面是上文，变淡的是后来说的。每句只按说的时候的意思来选。",
        en="The messages in blue frames are asked about, up to three of a dialogue. Above stands what was said before; "
        "dimmed is what came later. Answer by what each meant when it was written.",
    ),
    Text(
        zh="最可能的三个意图排在前面：第一句用 1、2、3 选，第二句用 Q、W、E，第三句用 A、S、D；"
        "机器有把握时第一个已选好。"
        "都对就按 Ctrl+Enter；都不对就按 Shift+F（第二、三句 Shift+G、Shift+H）搜索、按 Enter，再点 Submit。"
        "鼠标停在意图上可看定义。",
        en="The three likeliest intents stand first, on keys: 1, 2, 3 for the first message, Q, W, E for the second, "
        "A, S, D for the third. Where the machine is fairly sure, the first is selected. All right: Ctrl+Enter. None "
        "of them: Shift+F (second and third message: Shift+G, Shift+H) to search, Enter, then click Submit. Hold the "
        "mouse over an intent to read its definition.",
    ),
    Text(
        zh="要素：先点标签（或按 Shift 加标签旁的键），再划选文字。"
        "实在看不出来按 Shift+X（第二、三句 Shift+C、Shift+V）；留给别人就点 Skip。",
        en="Details: choose a label (Shift and the key beside it), then select the words. Nobody could tell: Shift+X "
        "(second and third message: Shift+C, Shift+V). For somebody else: Skip.",
    ),
    Text(
        zh="答得不好就写下更好的回答，不要写真实姓名和号码。",
        en="A bad answer: write a better one, without real names or numbers.",
    ),
)

logger = logging.getLogger(__name__)


def instructions(params: Review) -> str:
    """What a reviewer reads before the first task, as HTML, in the language of the page."""
    return "".join(f"<p>{page_text(text, params.language)}</p>" for text in INSTRUCTIONS)


def project(client: Any, params: Review, pack: Pack) -> int:
    """Id of the project with that title; made when missing, its page and instructions brought up to date."""
    config = Page(pack.taxonomy, PageSlots(pack).titles, params.language).xml()
    wanted = {"label_config": config, "expert_instruction": instructions(params)}
    found = [p for p in client.projects.list(title=params.project) if p.title == params.project]
    if not found:
        return _made(client, params.project, wanted)
    there = client.projects.get(min(p.id for p in found))
    changed = {name: value for name, value in wanted.items() if getattr(there, name) != value}
    if changed:
        client.projects.update(there.id, **changed)
        logger.info("project %s: brought up to taxonomy %s", params.project, pack.taxonomy.version)
    return int(there.id)


def _made(client: Any, title: str, wanted: dict[str, Any]) -> int:
    settings = {"maximum_annotations": 1, "show_collab_predictions": True, "model_version": MODEL}
    made = int(client.projects.create(title=title, **wanted, **settings).id)
    show_tabs(client, made, ())
    return made
