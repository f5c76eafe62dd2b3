"""What `kefu forget` prints."""

from __future__ import annotations

from data.forget import ledger
from kefu.paths import FORGOTTEN
from pipelines.commands.forget import Outcome, forget

Report = tuple[list[str], bool]  # lines, and whether all is well


def check() -> Report:
    """Whether the ledger is as it was signed."""
    wrong = ledger.verify(FORGOTTEN)
    return wrong or [f"{len(ledger.rows(FORGOTTEN))} rows, each as it was signed"], not wrong


def _nothing(outcome: Outcome) -> list[str]:
    """What is said when nothing was removed: no more than what was searched for."""
    if outcome.removed or outcome.left:
        return []
    if not outcome.searched["id"]:
        return [
            "  nothing of this pseudonym was found: is KEFU_SECRET the one of ingest?",
            "  raw files know people by the shop's id: give that, and they are searched for it byte by byte",
        ]
    if outcome.unsearched:
        return ["  nothing of this customer was found in what could be searched; see below what could not"]
    files, size = outcome.searched["files"], outcome.searched["bytes"]
    return [
        "  nothing of this customer was found: is the id right, and KEFU_SECRET the one of ingest?",
        f"  searched byte by byte {files:,} raw and stored files, {size:,} bytes",
    ]


def run(customer: str, write: bool) -> Report:
    """Forgets, and tells what went, who saw it, and what is left to do."""
    outcome = forget(customer, write)
    lines = [f"{outcome.customer}  {'forgotten' if write else 'would be forgotten'}"]
    lines += [f"  {name:<22}{count:,}" for name, count in outcome.counts.items() if count]
    lines += _nothing(outcome)
    lines += [
        f"  STILL THERE           {path}: the id stands in it, and no channel says whose it is" for path in outcome.left
    ]
    if outcome.left:
        lines.append("                        look at these files, delete what is the person's, and run this again")
    lines += [f"  trained on them       {model}" for model in outcome.models]
    lines += [f"  may have seen them    {name}: it does not tell whom it was trained on" for name in outcome.unknown]
    lines += [f"  to do                 {what}" for what in outcome.not_reached]
    if write:
        lines.append(f"  record                {FORGOTTEN}, signed; `kefu forget --verify` checks it")
    if write and outcome.removed:
        lines.append("  next                  `kefu day` makes the sets anew and trains without them")
    return lines, not outcome.failed
