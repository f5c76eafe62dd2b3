"""Draws each flow of a pack as a Mermaid chart (``docs/reference/flows.md``)."""

from __future__ import annotations

from collections.abc import Iterator

from kefu.shop.flows import Flow, Step
from kefu.shop.pack import Pack

PAGE = "docs/reference/flows.md"
HEAD = "# Flows of the demo pack\n\nWritten by `kefu flows`; a test compares it with `shop/flows`.\n"


def page(pack: Pack) -> str:
    """The whole page, one chart a flow."""
    return HEAD + "".join(f"\n## {f.title.en} ({f.name})\n\n```mermaid\n{chart(f)}\n```\n" for f in pack.flows)


def chart(flow: Flow) -> str:
    """A flow chart: questions are rounded, confirmations are hexagons, tools are boxes with two bars."""
    lines = ["flowchart TD"]
    for at, step in enumerate(flow.steps):
        following = flow.steps[at + 1].id if at + 1 < len(flow.steps) else None
        lines += [f"    {_box(step)}", *(f"    {arrow}" for arrow in _arrows(step, following))]
    return "\n".join(lines)


def _box(step: Step) -> str:
    node = f"s_{step.id}"
    if step.collect:
        return f'{node}(["{step.id}: ask {step.collect}"])'
    if step.confirm:
        return f'{node}{{{{"{step.id}: yes or no"}}}}'
    if step.call:
        return f'{node}[["{step.id}: {step.call}"]]'
    if step.branch:
        return f'{node}{{"{step.id}"}}'
    end = f": {step.end}" if step.end else ""
    return f'{node}["{step.id}{end}{f", then {step.then}" if step.then else ""}"]'


def _arrows(step: Step, following: str | None) -> Iterator[str]:
    node = f"s_{step.id}"
    for branch in step.branch:
        yield f'{node} -- "{branch.when.replace(chr(34), chr(39))}" --> s_{branch.goto}'
    for error, goto in step.on_error.items():
        yield f'{node} -. "{error}" .-> s_{goto}'
    if step.refused:
        yield f'{node} -- "no" --> s_{step.refused}'
    after = step.goto or (following if step.end is None else None)
    if after:
        yield f"{node} --> s_{after}"
