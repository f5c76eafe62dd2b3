"""Stage `monitor`: the profile of every new day, with its drift against the weeks before → one page a day.

Days are cached, so only new ones are read; the newest is always compared anew, since labels may have
changed. Drift warns, and never stops the loop.

    python -m pipelines.monitor        # then: kefu monitor
"""

from __future__ import annotations

from pathlib import Path

from data.ingest.params import Ingest
from data.monitoring.cache import Day, read_day
from data.monitoring.drift import warn
from data.monitoring.label_quality import by_day
from data.monitoring.page import render
from data.monitoring.params import Monitor
from data.monitoring.profile import profile
from data.monitoring.served import log_served
from data.review.labels import load_reviews
from kefu.io import read_json, write_csv, write_json, write_text
from kefu.knowledge.entries import questions
from kefu.params import load_section
from kefu.paths import DIALOGUES, LABELS, MONITOR, PLOTS, RAW, REVIEWED
from kefu.progress import progress
from kefu.shop.pack import load_pack
from kefu.store import day_folders, day_of
from pipelines.stage import stage


def _remove_pages_of_lost_days(days: list[Day]) -> None:
    known = {day.day for day in days}
    for path in (*MONITOR.glob("dt=*"), *(MONITOR / "days").glob("*")):
        if day_of(path.with_suffix("")) not in known:
            path.unlink()


def _plot(days: list[Day]) -> None:
    """Of all days, not of those read now alone: the same days give the same table whatever ran before."""
    names = ("dialogues", "turns", "energy", "psi.intent", "psi.language", "psi.hour")
    figures = [(day.day, read_json(_figures(day))) for day in days]
    rows = [(day, *(known.get(name, "") for name in names)) for day, known in figures]
    write_csv(PLOTS / "monitor/days.csv", ("day", *names), rows)


def _figures(day: Day) -> Path:
    return MONITOR / f"dt={day.day}.json"


def main() -> None:
    with stage("monitor", Monitor) as s:
        params, pack = s.params, load_pack(s.pack)
        partitions = day_folders(DIALOGUES)[-2 * params.reference_days :]  # a full reference for each new one
        logs = [RAW / one.name for one in load_section("ingest", Ingest).sources if one.channel == "serving_log"]
        days = []
        with progress("reading days", len(partitions)) as tick:
            for partition in partitions:
                days.append(read_day(partition, MONITOR, params))
                tick()
        labels = by_day(LABELS, load_reviews(REVIEWED, pack.taxonomy.version).labels.values())
        answered = [text for texts in questions(pack).values() for text in texts]
        for index, (day, partition) in enumerate(zip(days, partitions, strict=True)):
            page = MONITOR / f"dt={day.day}.html"
            if day.new or not page.exists() or day is days[-1]:
                before = days[max(0, index - params.reference_days) : index]
                found = profile(day, partition, before, labels, answered, params)
                write_json(_figures(day), found.metrics())
                write_text(page, render(found, pack.taxonomy, params), private=True)
                warn(day.day, found.drifts)
            if day.new:
                log_served(s.run, logs, day.day, params)
        _remove_pages_of_lost_days(days)
        _plot(days)
        newest = read_json(_figures(days[-1]))
        s.log(newest)
        drifted = int(newest["drifted"])
        print(f"   {days[-1].day}: {drifted or 'no'} drift beyond its bound; {MONITOR / f'dt={days[-1].day}.html'}")


if __name__ == "__main__":
    main()
