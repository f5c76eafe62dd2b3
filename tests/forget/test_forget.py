"""A person is forgotten: nothing of theirs is left anywhere, nothing of anybody else's is lost, a record remains."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from data.forget import forget as store
from data.forget import ledger, trained_on
from evaluation.forgetting.frozen_sets import read_frozen
from kefu.io import read_json, write_json
from kefu.privacy import forgotten
from kefu.privacy.pseudonyms import pseudonym
from kefu.store import copies
from pipelines import export
from pipelines.commands.cli import app
from pipelines.commands.forget import forget
from tests.forget.conftest import DAYS, ORDER, OTHER, PARROT, PERSON, SHARED, WORDS, Project, line


def contents(root: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file below, also unpacked."""
    for path in sorted(root.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            yield path, data
            if data.startswith(b"\x1f\x8b"):
                yield path, gzip.decompress(data)
            if data.startswith(b"PAR1"):
                yield path, json.dumps(pq.read_table(path).to_pylist(), ensure_ascii=False).encode()


def holding(project: Project, *needles: str) -> set[str]:
    """Files that hold one of some texts, however it is spelled."""
    spelt = {one.encode() for n in needles for one in (n, json.dumps(n)[1:-1])}
    found = contents(project.root)
    return {str(path.relative_to(project.root)) for path, data in found if any(s in data for s in spelt)}


WAYS = ("kept", "duplicates", "near_duplicates", "forgotten", "quarantined")
EVERYTHING = (PERSON, ORDER, *WORDS, ":lin", '"lin"', f"lin {PARROT}")


def test_nothing_is_left_but_the_pseudonym_in_the_ledger(full: Project) -> None:
    before = holding(full, *EVERYTHING, pseudonym(PERSON))
    assert len(before) > 20  # raw, store, sets, reports, DVC's cache, MLflow's artefacts
    others = {one for one in full.dialogues() if ":lin" not in one}
    outcome = forget(PERSON)
    assert holding(full, *EVERYTHING) == set()
    assert holding(full, pseudonym(PERSON)) == {"store/forgotten.jsonl"}
    assert set(full.dialogues()) == others
    assert outcome.counts["raw records"] == 7 and outcome.counts["stored dialogues"] == 4
    assert all(outcome.counts[name] for name in (*store.RECORDS[1:], "reviewed", "MLflow artefacts"))
    assert outcome.models == ["release 2 (champion): centre, edge, router", "store/release: centre, edge, router"]


def test_others_stay_byte_for_byte_in_raw_files_and_their_records_in_the_rest(full: Project) -> None:
    raw = full.root / f"store/raw/shop/dt={DAYS[0]}/a.jsonl"
    expected = b"".join(one for one in raw.read_bytes().splitlines(keepends=True) if PERSON.encode() not in one)
    forget(PERSON)
    assert raw.read_bytes() == expected
    packed = gzip.decompress((full.root / f"store/raw/shop/dt={DAYS[1]}/a.jsonl.gz").read_bytes())
    assert len(packed.splitlines()) == 7 and SHARED.encode() in packed
    labels = (full.store / "labels/accepted.jsonl").read_text().splitlines()
    assert len(labels) == len(full.dialogues()) == 22
    assert (full.store / "sets/sft.jsonl").read_text().count(pseudonym(OTHER)) == 4
    assert len(read_json(full.root / "store/reviewed/labelstudio.json")["undecided"]) == 22


def test_ingest_keeps_them_out_also_when_a_backup_comes_back(full: Project) -> None:
    backup = {path: path.read_bytes() for path in (full.root / "store/raw").rglob("*") if path.is_file()}
    forget(PERSON)
    assert set(full.ingest()) == {"written"}  # made anew from what is left
    left = full.dialogues()
    assert full.ingest() == ["unchanged"] * 3
    for path, data in backup.items():
        path.write_bytes(data)
    full.ingest()
    assert full.dialogues() == left
    facts = [read_json(full.store / f"dialogues/dt={day}/partition.json") for day in DAYS]
    assert [f["forgotten"] for f in facts] == [2, 2, 3]
    assert all(f["read"] == sum(f[way] for way in WAYS) for f in facts)
    forget(PERSON)  # and the raw data that came back go again
    assert holding(full, *EVERYTHING) == set()


def test_days_without_raw_data_are_mended_in_place(full: Project) -> None:
    for path in (full.root / "store/raw").rglob("*.jsonl*"):
        path.unlink()
    for folder in (full.root / "store/raw").glob("*/dt=*"):
        folder.rmdir()
    forget(PERSON)
    assert holding(full, *EVERYTHING) == set() and len(full.dialogues()) == 22
    for day in DAYS:
        folder = full.store / f"dialogues/dt={day}"
        facts, kept = read_json(folder / "partition.json"), pq.read_metadata(folder / "dialogues.parquet").num_rows
        assert facts["kept"] == kept and (folder / "keys.bin").stat().st_size == 16 * kept
        assert facts["turns"] == sum(len(d.turns) for d in full.dialogues().values() if d.day == day)


def test_a_second_time_nothing_is_left_to_do_and_no_row_is_added(full: Project) -> None:
    forget(PERSON)
    rows = full.ledger.read_text()
    outcome = forget(pseudonym(PERSON))  # the pseudonym is as good as the id
    assert not outcome.removed and full.ledger.read_text() == rows


@pytest.mark.parametrize(
    "step", ["_forget_jsonl", "_forget_frozen", "_forget_derived", "_forget_cache", "forget_raw", "forget_partitions"]
)
def test_killed_at_any_step_it_can_be_run_again(full: Project, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        done = getattr(store, step)

        def killed(*given: object) -> None:
            done(*given)
            raise KeyboardInterrupt

        if step == "forget_raw":  # the survey calls it too, without writing
            patched.setattr(store, step, lambda *given: killed(*given) if given[-1] is True else done(*given))
        else:
            patched.setattr(store, step, killed)
        with pytest.raises(KeyboardInterrupt):
            forget(PERSON)
    assert forgotten.read(full.ledger)  # ingest would keep them out already
    forget(PERSON)
    assert holding(full, *EVERYTHING) == set()
    assert [row["state"] for row in ledger.rows(full.ledger)] == ["begun", "done"]


def test_a_frozen_set_loses_the_person_alone_and_is_still_whole(full: Project) -> None:
    (before,) = read_frozen(full.store / "frozen")
    outcome = forget(PERSON)
    (after,) = read_frozen(full.store / "frozen")  # its name is what is left
    assert after.answers == [e for e in before.answers if e.customer != pseudonym(PERSON)] and after.answers
    assert after.turns == [e for e in before.turns if e.customer != pseudonym(PERSON)]
    assert outcome.counts["frozen"] == len(before.answers) + len(before.turns) - len(after.answers) - len(after.turns)


def test_a_dry_run_changes_nothing(full: Project) -> None:
    def files() -> dict[Path, bytes]:
        return {
            path: path.read_bytes() for path in full.root.rglob("*") if path.is_file() and ".dvc/tmp" not in str(path)
        }

    before = files()
    outcome = forget(PERSON, write=False)
    assert outcome.counts["stored dialogues"] == 4 and outcome.models
    assert files() == before


def test_the_record_is_signed_and_says_what_could_not_be_reached(full: Project) -> None:
    forget(PERSON)
    begun, done = ledger.rows(full.ledger)
    assert begun["customer"] == done["customer"] == pseudonym(PERSON)
    assert done["removed"]["stored dialogues"] == 4 and len(done["models"]) == 2
    assert any(what.startswith("Label Studio") for what in done["not_reached"])
    assert ledger.verify(full.ledger) == []
    text = full.ledger.read_text()
    for tampered in (
        text.replace('"stored dialogues": 4', '"stored dialogues": 3'),
        text.splitlines(keepends=True)[1],
        text.replace(pseudonym(PERSON), pseudonym(OTHER)),
        text[:-9],
    ):
        full.ledger.write_text(tampered)
        assert ledger.verify(full.ledger)
        assert CliRunner().invoke(app, ["forget", "--verify"]).exit_code == 1


@pytest.mark.parametrize(
    ("customer", "write", "stays"), [(PERSON, True, False), (PERSON, False, True), ("u-1", True, True)]
)
def test_trainings_that_did_not_end_go_with_whoever_may_be_in_them(
    customer: str, write: bool, stays: bool, full: Project
) -> None:
    checkpoint = full.store / "runtime/checkpoints/distill/abc/answers/checkpoint-3"
    checkpoint.mkdir(parents=True)
    (checkpoint / "answers.json").write_text("[[12, 7]]")
    outcome = forget(customer, write)
    assert outcome.counts["checkpoints"] == (customer == PERSON)
    assert checkpoint.exists() == stays


def test_a_stranger_leaves_a_record_and_takes_nothing_along(full: Project) -> None:
    before = full.dialogues()
    shown = CliRunner().invoke(app, ["forget", "--customer", "nobody-we-know"])
    assert shown.exit_code == 0 and "nothing of this customer was found" in shown.output
    assert full.dialogues() == before
    assert [row["state"] for row in ledger.rows(full.ledger)] == ["begun", "done"]
    assert CliRunner().invoke(app, ["forget", "--verify"]).exit_code == 0
    assert holding(full, "nobody-we-know") == set()


def test_a_release_tells_whom_it_was_trained_on_or_may_have_seen_anybody(full: Project) -> None:
    known = forget("u0", write=False)
    assert known.models[0] == "release 2 (champion): centre, edge, router" and known.unknown == ["release 1"]
    assert forget("nobody-we-know", write=False).models == []
    lists = list((full.store / "release/trained_on").iterdir())
    assert sorted(path.name for path in lists) == ["centre.bin", "edge.bin", "router.bin"]
    assert all(path.stat().st_size == 8 * 8 for path in lists)  # eight customers, eight bytes each


def test_continued_training_inherits_whom_the_champion_saw(full: Project) -> None:
    champion, release = full.store / "release", full.root / "next"
    release.mkdir()
    (full.root / "sets").mkdir()
    trained_on.write(release, full.root / "sets", (), champion)
    assert trained_on.saw(release, pseudonym(PERSON)) == ["centre", "edge"]  # the router starts anew


def test_whose_questions_the_champion_may_be_asked_is_among_those_learned_from(full: Project) -> None:
    release, sets = full.root / "next", full.root / "sets"
    release.mkdir()
    sets.mkdir()
    (sets / "replay.jsonl").write_text(json.dumps({"customer": pseudonym(PERSON), "split": "train"}) + "\n")
    trained_on.write(release, sets, (), None)
    assert trained_on.saw(release, pseudonym(PERSON)) == ["centre", "edge"]


def test_the_export_stage_tells_whom_its_models_learned_from(full: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    places = {"CORPUS": "corpus", "DIALOGUES": "dialogues", "SETS": "sets"}
    for name, folder in places.items():
        monkeypatch.setattr(export, name, full.store / folder)
    champion = full.root / "champion.json"
    monkeypatch.setattr(export, "CHAMPION", champion)
    write_json(champion, {"version": None, "content_hash": None})
    release = full.root / "next"
    release.mkdir()
    export.tell_whom(release)
    assert trained_on.saw(release, pseudonym(PERSON)) == ["centre", "edge", "router"]
    forget(PERSON)
    export.tell_whom(release)
    assert trained_on.saw(release, pseudonym(PERSON)) == []
    write_json(champion, {"version": 2, "content_hash": "x"})
    export.tell_whom(release)
    assert trained_on.saw(release, pseudonym(PERSON)) == ["centre", "edge"]  # inherited


LONG = (
    "您好，我上个月在你们店里买的那台白色的空气净化器，滤芯的指示灯一直在闪，"
    "说明书上说要长按复位键五秒，我按了没有用，能不能帮我看看怎么处理"
)


def near_copies(project: Project) -> None:
    """The person's dialogue stands for another's, and another's for one of the person's."""
    other = (
        LONG.replace("白色的空气净化器", "黑色的落地取暖器").replace("滤芯", "电源")
        + "，或者上门维修也可以，我家在一楼，随时都有人"
    )
    first, second = DAYS[:2]
    lines = [line("lin", PERSON, first, LONG, "稍等"), line("w1", OTHER, first, other, "稍等")]
    project.put(f"shop/dt={first}/a.jsonl", "".join(lines))
    lines = [line("w2", OTHER, second, LONG + "？", "稍等"), line("lin2", PERSON, second, other + "！", "稍等")]
    project.put(f"shop/dt={second}/a.jsonl", "".join(lines))
    project.ingest()


@pytest.mark.parametrize("raw_gone", [False, True])
def test_near_copies_go_with_whom_they_belong_to(full: Project, raw_gone: bool) -> None:
    for folder in (*(full.root / "store/raw").glob("*/*"), *(full.store / "dialogues").glob("dt=*")):
        shutil.rmtree(folder)
    near_copies(full)
    assert set(full.dialogues()) == {f"shop:{DAYS[0]}:lin", f"shop:{DAYS[0]}:w1"}
    assert copies(full.store / "dialogues").total() == 2
    if raw_gone:
        for folder in (full.root / "store/raw").glob("*/*"):
            shutil.rmtree(folder)
    forget(PERSON)
    assert holding(full, pseudonym(PERSON), ":lin", '"lin') == {"store/forgotten.jsonl"}
    for day, whole in zip(DAYS, (1, 0), strict=False):
        folder = full.store / f"dialogues/dt={day}"
        assert (folder / "keys.bin").stat().st_size == 16 * whole == 2 * (folder / "sessions.bin").stat().st_size
        facts = read_json(folder / "partition.json")
        assert facts["read"] == sum(facts[way] for way in WAYS)
    if not raw_gone:
        full.ingest()
        left = {f"shop:{DAYS[0]}:w1", f"shop:{DAYS[1]}:w2"}  # what it stood for stands for itself now
        assert set(full.dialogues()) == left and copies(full.store / "dialogues").total() == 0


def test_older_versions_of_raw_days_lose_the_person_in_dvcs_cache_also_by_a_short_id(full: Project) -> None:
    """An id of one digit stands everywhere, so only the channel can tell whose record it is."""
    path = full.put(
        f"shop/dt={DAYS[0]}/b.jsonl", line("s7", "7", DAYS[0], "想换大一号的拖鞋") + line("s8", "8", DAYS[0], "在吗")
    )
    full.dvc("add", "-q", "store/raw")
    path.write_text(path.read_text(encoding="utf8") + line("s9", "9", DAYS[0], "谢谢你们"), encoding="utf8")
    full.dvc("add", "-q", "store/raw")
    cache = full.root / ".dvc/cache"
    before = {one for one in cache.rglob("*") if one.is_file()}
    assert sum("拖鞋" in one.read_text(errors="ignore") for one in before) == 2
    assert forget("7", write=False).counts["DVC cache objects"] == 2
    assert forget("7").counts["DVC cache objects"] == 2
    after = {one for one in cache.rglob("*") if one.is_file()}
    assert len(before - after) == 2 and not any("拖鞋" in one.read_text(errors="ignore") for one in after)
    assert "在吗" in path.read_text(encoding="utf8") and "拖鞋" not in path.read_text(encoding="utf8")
