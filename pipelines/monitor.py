"""Stage `monitor`: the profile of every new day, with its drift against the weeks before → one page a day.

Days are cached, so only new ones are read; the newest is always compared anew, since labels may have
changed. Drift warns, and never stops the loop.

    python -m pipelines.monitor        # then: kefu monitor
"""

from __future__ import annotations

from pathlib import Path

from data.monitor.cache import Day, read_day
from data.monitor.drift import warn
from data.monitor.labels import by_day
from data.monitor.page import render
from data.monitor.profile import Profile, profile
from data.review.reviewed import known
from kefu.io import write_csv, write_text
from kefu.knowledge import questions
from kefu.pack import load
from kefu.params import Monitor
from kefu.paths import DIALOGUES, LABELS, MONITOR, PLOTS, REVIEWED, ROOT
from pipelines.stage import stage


def _remove_pages_of_lost_days(days: list[Day]) -> None:
    known = {day.day for day in days}
    for path in (*MONITOR.glob("dt=*.html"), *(MONITOR / "days").glob("*")):
        if path.stem.removeprefix("dt=") not in known:
            path.unlink()


def _partitions(params: Monitor) -> list[Path]:
    """The days that matter, oldest first: a full reference for each that may be new."""
    found = sorted(path.parent for path in DIALOGUES.glob("dt=*/dialogues.parquet"))
    if not found:
        raise FileNotFoundError(f"{DIALOGUES}: no dt=*/dialogues.parquet; run the ingest stage first")
    return found[-2 * params.reference_days :]


def _plot(profiles: list[Profile]) -> None:
    names = ("dialogues", "turns", "energy", "psi.intent", "psi.language", "psi.hour")
    rows = [(p.day.day, *(p.metrics().get(name, "") for name in names)) for p in profiles]
    write_csv(PLOTS / "monitor/days.csv", ("day", *names), rows)


def main() -> None:
    with stage("monitor") as s:
        params, pack = s.params.monitor, load(ROOT / s.params.pack)
        partitions = _partitions(params)
        days = [read_day(partition, MONITOR, params) for partition in partitions]
        labels = by_day(LABELS, known(REVIEWED, pack.taxonomy.version).labels.values())
        answered = [text for texts in questions(pack).values() for text in texts]
        profiles = []
        for index, (day, partition) in enumerate(zip(days, partitions, strict=True)):
            page = MONITOR / f"dt={day.day}.html"
            if day.new or not page.exists() or day is days[-1]:
                before = days[max(0, index - params.reference_days) : index]
                profiles.append(profile(day, partition, before, labels, answered, params))
                write_text(page, render(profiles[-1], pack.taxonomy, params))
                warn(day.day, profiles[-1].drifts)
        _remove_pages_of_lost_days(days)
        _plot(profiles)
        s.log(profiles[-1].metrics())
        drifted = int(profiles[-1].metrics()["drifted"])
        print(f"   {days[-1].day}: {drifted or 'no'} drift beyond its bound; {MONITOR / f'dt={days[-1].day}.html'}")


if __name__ == "__main__":
    main()
