"""`kefu forget`: a person out of every artefact, the models that saw them named, a signed record left.

Files first (data/forget), then Label Studio, MLflow and live sessions. A request is signed into the ledger
before anything is touched, so that no ingest brings the person back; the row that closes it says what was
done. It can be killed at any instant and run again. It and the loop keep each other out (``kefu/locks.py``).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import redis

from data.forget import ledger
from data.forget.forget import KEPT, Places, forget_files, survey
from data.forget.leftovers import Leftovers, Needle, search
from data.forget.mentions import LONGEST_SHORT
from data.forget.traces import Traces, holds
from data.forget.trained_on import mark, saw
from data.review.label_studio.client import Studio, StudioUnavailable
from kefu.errors import KefuError
from kefu.locks import exclusive_lock
from kefu.paths import FORGOTTEN, RAW, RELEASE, REVIEWED, ROOT, STORE
from kefu.privacy.pseudonyms import is_pseudonym, pseudonym
from kefu.registry import artefacts, releases
from kefu.shop.pack import load_pack
from pipelines.params import Params, load_params
from serving.sessions.forget import forget_sessions

BEGUN, DONE = "begun", "done"
DVC = ROOT / ".dvc"
CACHE = DVC / "cache"


class NoCustomer(KefuError, ValueError):
    """There is no id to look for: an empty one stands everywhere."""


@dataclass
class Outcome:
    """What one forgetting removed, whom it found trained on the person, and what it could not reach."""

    customer: str
    counts: dict[str, int] = field(default_factory=dict)
    models: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)  # releases that do not tell whom they were trained on
    not_reached: list[str] = field(default_factory=list)
    studio_reached: bool = False
    failed: bool = False  # files still hold the person
    left: list[str] = field(default_factory=list)  # files in which the id stands, and no channel says whose it is
    searched: dict[str, Any] = field(default_factory=dict)  # how much was searched for the id byte by byte
    unsearched: list[str] = field(default_factory=list)  # what of it could not be

    @property
    def removed(self) -> bool:
        return any(self.counts.values())


def places() -> Places:
    return Places(RAW, REVIEWED, STORE, CACHE)


def who(customer: str) -> str:
    """The pseudonym; a customer id of the shop is turned into one and then forgotten itself."""
    return customer if is_pseudonym(customer) else pseudonym(customer)


def forget(customer: str, write: bool = True) -> Outcome:
    """Forgets a customer, given by the shop's id or by pseudonym; ``write=False`` only tells what would go.

    Raises NoCustomer, and Busy while the loop, a stage of it, or another forgetting runs.
    """
    if not customer.strip():
        raise NoCustomer("customer: the id is empty: give the shop's id of the person, or a pseudonym c_…")
    with exclusive_lock(DVC):
        return _forget(customer, write)


def _forget(customer: str, write: bool) -> Outcome:
    loaded, outcome = load_params(), Outcome(who(customer))
    pack = load_pack(ROOT / loaded.pack)
    day = datetime.now(ZoneInfo(loaded.ingest.timezone)).date().isoformat()
    known = [row for row in ledger.rows(FORGOTTEN) if row["customer"] == outcome.customer]
    if write and not any(row["day"] == day for row in known):
        ledger.append(FORGOTTEN, {"customer": outcome.customer, "day": day, "state": BEGUN, "time": _now()})
    traces = survey(places(), outcome.customer, loaded.ingest, _texts(ROOT / loaded.pack))
    asked = AskedBefore(traces.ids, {one for row in known for one in row.get("tasks", ())})
    _models(outcome)
    _studio(outcome, asked, Studio.from_environment, (loaded.review, pack), write)
    _sessions(outcome, loaded, write)
    outcome.counts["MLflow artefacts"] = _artifacts(traces, write)
    gone = forget_files(places(), traces, loaded.ingest, write)
    outcome.counts |= gone.counts
    outcome.not_reached += [f"raw files: {why}" for why in (*gone.failed, *gone.unclear)] + _remotes(gone.counts)
    if write or not outcome.removed:  # else it all stands where it stood
        _search(outcome, customer)
    outcome.failed = bool(gone.failed or outcome.left)
    done = [row for row in known if row["day"] == day and row["state"] == DONE]
    if write and (outcome.removed or not done or done[-1].get("still_there", []) != outcome.left):
        ledger.append(FORGOTTEN, _row(outcome, day, asked))
    return outcome


class AskedBefore(Collection[str]):
    """The person's dialogue ids: those known now, and by keyed hash those of an earlier run.

    Label Studio may be away when the dialogues go, and its tasks bear no name but the dialogue's id.
    """

    def __init__(self, ids: Iterable[str], marks: set[str]) -> None:
        self.marks = marks | {mark(one).hex() for one in ids}

    def __contains__(self, dialogue: object) -> bool:
        return mark(str(dialogue)).hex() in self.marks

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self.marks))

    def __len__(self) -> int:
        return len(self.marks)


def _texts(pack: Path) -> str:
    """All that the shop itself has written."""
    files = sorted(path for path in pack.rglob("*") if path.suffix in {".yaml", ".yml", ".md", ".csv"})
    return "\n".join(path.read_text(encoding="utf8") for path in files)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _row(outcome: Outcome, day: str, asked: AskedBefore) -> dict[str, Any]:
    removed = {name: count for name, count in outcome.counts.items() if count}
    row = {"customer": outcome.customer, "day": day, "state": DONE, "time": _now(), "removed": removed}
    row |= {"searched": outcome.searched, "still_there": outcome.left}
    row |= {"models": outcome.models, "models_unknown": outcome.unknown, "not_reached": outcome.not_reached}
    return row | ({} if outcome.studio_reached else {"tasks": list(asked)})


def _search(outcome: Outcome, customer: str) -> None:
    """Looks for the id itself in every raw and stored byte, whoever's it may be there. The id is not written down."""
    found = places()
    needle = Needle({customer, outcome.customer})
    kept = frozenset({FORGOTTEN, *(found.store / name for name in KEPT)})
    left = search((found.store,), needle, kept)  # raw and reviewed lie in it
    if longer := [one for one in {customer, outcome.customer} if len(one) > LONGEST_SHORT]:  # models know short ones
        cached = search((found.cache,), Needle(longer))
        left = Leftovers(left.found + cached.found, left.unsearched, left.files + cached.files, left.size + cached.size)
    outcome.left = [path.replace(customer, outcome.customer) for path in left.found]
    outcome.unsearched = [path.replace(customer, outcome.customer) for path in left.unsearched]
    outcome.not_reached += outcome.unsearched
    outcome.searched = {"files": left.files, "bytes": left.size, "id": not is_pseudonym(customer)}


def _models(outcome: Outcome) -> None:
    """Registered releases, and the one in the store, whose models were trained on the person."""
    registered = [(f"release {version}", releases.download_release(version)) for version in releases.versions()]
    for name, folder in [*registered, *([("store/release", RELEASE)] if RELEASE.is_dir() else [])]:
        aliases = releases.release_aliases(int(name.split()[1])) if name.startswith("release ") else []
        title = f"{name} ({', '.join(aliases)})" if aliases else name
        parts = saw(folder, outcome.customer)
        if parts is None:
            outcome.unknown.append(title)
        elif parts:
            outcome.models.append(f"{title}: {', '.join(parts)}")


def _studio(outcome: Outcome, asked: AskedBefore, connect: Any, settings: Any, write: bool) -> None:
    try:
        studio = connect(*settings)
        if studio is None:
            outcome.not_reached.append("Label Studio: LABEL_STUDIO_URL is not set. With a server, run this again")
        else:
            outcome.counts["Label Studio tasks"] = studio.delete(asked) if write else 0
            outcome.studio_reached = True
    except StudioUnavailable as error:
        outcome.not_reached.append(f"Label Studio: {error}. Run this again when it does")


def _sessions(outcome: Outcome, loaded: Params, write: bool) -> None:
    url = os.environ.get("KEFU_REDIS_URL")
    if not url:
        seconds = loaded.serving.session_ttl_s
        outcome.not_reached.append(f"live sessions: KEFU_REDIS_URL is not set; embedded ones end after {seconds} s")
        return
    try:
        outcome.counts["live sessions"] = forget_sessions(url, outcome.customer, write)
    except redis.RedisError as error:
        outcome.not_reached.append(f"live sessions: {type(error).__name__}. Run this again when Redis answers")


def _artifacts(traces: Traces, write: bool) -> int:
    """Logged reports that show the person."""
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        for run_id, path in list(artefacts.logged_files()):
            if holds(artefacts.download_file(run_id, path, Path(folder)), traces):
                count += 1
                if write:
                    artefacts.delete_file(run_id, path)
    return count


def _remotes(counts: dict[str, int]) -> list[str]:
    """DVC remotes keep what was pushed; they are not on this machine."""
    config = (ROOT / ".dvc/config").read_text(encoding="utf8") if (ROOT / ".dvc/config").exists() else ""
    if "remote" not in config or not counts.get("DVC cache objects"):
        return []
    return ["DVC remote: versions pushed before may hold the person; `dvc gc --cloud --workspace` removes them"]
