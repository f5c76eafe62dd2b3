"""The dialogue store: everything is read once, oldest day first, whatever the size of a batch."""

from pathlib import Path

import pytest

from kefu.schema import Dialogue
from kefu.store import (
    count_dialogues,
    day_of,
    days,
    dialogue_files,
    dialogues_by_id,
    parse_batch,
    read_batches,
    read_dialogues,
)
from tests.fixtures.chatter import chatter
from tests.labeling.test_autolabel import store

DIALOGUES = [
    dialogue.model_copy(update={"day": f"2026-11-{9 + number % 2:02d}", "id": f"{dialogue.id}-{number}"})
    for number, dialogue in enumerate(chatter(40, 1)[0])
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return store(tmp_path, DIALOGUES)


def by_id(dialogues: list[Dialogue]) -> list[Dialogue]:
    return sorted(dialogues, key=lambda d: d.id)


def test_days_come_oldest_first(folder: Path) -> None:
    assert days(folder) == ["2026-11-09", "2026-11-10"]
    assert [day_of(path.parent) for path in dialogue_files(folder)] == days(folder)
    assert [d.day for d in read_dialogues(folder)] == sorted(d.day for d in DIALOGUES)


def test_batches_hold_what_the_store_holds(folder: Path) -> None:
    batches = list(read_batches(folder, 7))
    assert all(0 < batch.num_rows <= 7 for batch in batches)
    parsed = [dialogue for batch in batches for dialogue in parse_batch(batch)]
    assert parsed == list(read_dialogues(folder)) and by_id(parsed) == by_id(DIALOGUES)
    assert count_dialogues(folder) == len(DIALOGUES)


def test_dialogues_are_found_by_id_and_unknown_ids_left_out(folder: Path) -> None:
    wanted = [DIALOGUES[3], DIALOGUES[8]]
    assert dialogues_by_id(folder, [*(d.id for d in wanted), "nobody"]) == {d.id: d for d in wanted}


def test_an_empty_store_is_a_stage_that_did_not_run(tmp_path: Path) -> None:
    for read in (days, count_dialogues, lambda s: list(read_dialogues(s)), lambda s: dialogues_by_id(s, ["a"])):
        with pytest.raises(FileNotFoundError, match="run the ingest stage first"):
            read(tmp_path)
