"""What `kefu forget` prints."""

from __future__ import annotations

from data.forget import ledger
from kefu.paths import FORGOTTEN
from pipelines.forget import forget

Report = tuple[list[str], bool]  # lines, and whether all is well


def check() -> Report:
    """Whether the ledger is as it was signed."""
    wrong = ledger.verify(FORGOTTEN)
    return wrong or [f"{len(ledger.rows(FORGOTTEN))} rows, each as it was signed"], not wrong


def run(customer: str, write: bool) -> Report:
    """Forgets, and tells what went, who saw it, and what is left to do."""
    outcome = forget(customer, write)
    lines = [f"{outcome.customer}  {'forgotten' if write else 'would be forgotten'}"]
    lines += [f"  {name:<22}{count:,}" for name, count in outcome.counts.items() if count]
    if not outcome.removed:
        lines.append("  nothing of this customer was found: is the id right, and KEFU_SECRET the one of ingest?")
    lines += [f"  trained on them       {model}" for model in outcome.models]
    lines += [f"  may have seen them    {name}: it does not tell whom it was trained on" for name in outcome.unknown]
    lines += [f"  to do                 {what}" for what in outcome.not_reached]
    if write:
        lines.append(f"  record                {FORGOTTEN}, signed; `kefu forget --verify` checks it")
    if write and outcome.removed:
        lines.append("  next                  `kefu day` makes the sets anew and trains without them")
    return lines, not outcome.failed
