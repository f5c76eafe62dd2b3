"""Promotion and rollback on a real MLflow registry (SQLite), and what happens when it is killed half-way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kefu.io import read_json, write_json, write_text
from kefu.registry import releases, runs
from kefu.registry.seal import BaseModelRef, TamperedRelease, seal, verify
from kefu.schema import Report
from pipelines import promote as stage_promote
from pipelines import stage as stages
from pipelines.commands import serve
from pipelines.commands.cli import app
from pipelines.params import load_params

WORDS = {"empty": 0.0, "repetition": 0.0, "grounded": 0.9}
GOOD = {
    "router": {"accuracy": 0.9},
    "retrieval": {"hit_at_3": 0.9},
    "flows": {"asked_model": 3.0, "success": 1.0},
    "general": {"kl": 0.1},
    "simulator": {"served": 1.0, "wrong_writes": 0.0},
    "answers": WORDS | {"loss": 1.0, "token_f1": 0.5, "gain_over_constant_low": 0.2},
    "edge": WORDS | {"loss": 1.5, "token_f1": 0.4, "gain_over_constant_low": 0.1},
}


class Project:
    """A temporary project: its release and evaluation, its registry, the stage and the command line on them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.release = folder, folder / "release"

    def evaluated(self, content: str, suite: str = "router", **changed: float) -> str:
        """A sealed release with this content, measured as GOOD but for what changed in a suite; returns its hash."""
        self.release.mkdir(exist_ok=True)
        write_text(self.release / "weights", content)  # anew, as every stage does: the registry shares the file
        base = BaseModelRef(name="tiny", revision=None, content_hash="x")
        sealed = seal(self.release, "tiny", {"centre": base, "edge": base}, None)
        suites = json.loads(json.dumps(GOOD))
        for name, value in changed.items():
            suites[suite][name] = value
        own = Report(model="challenger", version=sealed.content_hash, suites=suites)
        write_json(self.folder / "evaluation/reports.json", [own.model_dump()])
        return sealed.content_hash

    def promote(self) -> dict:
        stage_promote.main()
        return read_json(self.folder / "promotion.json")


@pytest.fixture
def project(registry: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setattr(stages, "METRICS", tmp_path / "metrics")
    for name, path in {"EVALUATION": "evaluation", "RELEASE": "release", "STORE": ".", "CHAMPION": "pin.json"}.items():
        monkeypatch.setattr(stage_promote, name, tmp_path / path)
    write_json(tmp_path / "pin.json", {"version": None, "content_hash": None})
    return Project(tmp_path)


def champion_and_previous() -> tuple[int | None, int | None]:
    now, before = releases.champion(), releases.previous()
    return now.version if now else None, before.version if before else None


def test_promotion_rollback_and_a_closed_gate(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    first = project.evaluated("one")
    assert project.promote()["version"] == 1
    assert champion_and_previous() == (1, None)
    described = runs.client().get_model_version(releases.MODEL, "1").description or ""
    assert described.startswith("Gate: pass.") and "| router.accuracy | ≥ 0.8 | 0.9 | – | pass |" in described
    assert project.promote() == read_json(project.folder / "promotion.json")  # again: nothing to do
    assert releases.versions() == [1]

    second = project.evaluated("two")
    assert project.promote()["version"] == 2
    assert champion_and_previous() == (2, 1)
    assert (releases.download_release(2) / "weights").read_text() == "two"

    project.evaluated("three", accuracy=0.1)
    record = project.promote()
    assert (record["verdict"], record["version"]) == ("fail", None)
    assert [row["what"] for row in record["rows"] if row["verdict"] == "fail"] == ["router.accuracy"]
    assert read_json(project.folder / "metrics/promote.json") == {"failed_bounds": 1, "passed": 0}
    assert champion_and_previous() == (2, 1) and releases.versions() == [1, 2]
    assert "router.accuracy" in capsys.readouterr().out

    project.evaluated("four", "edge", empty=1.0, token_f1=0.0)
    project.promote()
    assert champion_and_previous() == (2, 1) and releases.versions() == [1, 2]

    back = CliRunner().invoke(app, ["rollback"])
    assert back.exit_code == 0 and champion_and_previous() == (1, 2)
    now = releases.champion()
    assert now is not None and now.content_hash == first != second
    assert CliRunner().invoke(app, ["promote", "2"]).exit_code == 0 and champion_and_previous() == (2, 1)
    wrong = CliRunner().invoke(app, ["promote", "9"])
    assert wrong.exit_code == 1 and "no version 9" in wrong.output and "choose one of 1, 2" in wrong.output


def test_a_pin_that_this_registry_does_not_have_names_the_way_out(project: Project) -> None:
    assert releases.pinned_release(None) is None
    with pytest.raises(releases.NoSuchVersion, match=r"pins version 7.*MLFLOW_TRACKING_URI.*`kefu day`"):
        releases.pinned_release(7)
    project.evaluated("one")
    project.promote()
    assert releases.pinned_release(1) == releases.download_release(1)


def test_killed_between_register_and_alias(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.evaluated("one")
    with monkeypatch.context() as killed:
        killed.setattr(releases, "promote", lambda version: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            project.promote()
    assert champion_and_previous() == (None, None) and releases.versions() == [1]
    assert not (project.folder / "metrics/promote.json").exists()
    assert project.promote()["version"] == 1  # the same version, not a second one
    assert champion_and_previous() == (1, None) and releases.versions() == [1]


def test_what_was_not_measured_is_not_promoted(project: Project) -> None:
    project.evaluated("one")
    (project.release / "weights").write_text("changed after the evaluation")
    with pytest.raises(SystemExit, match="weights was changed"):
        project.promote()
    assert releases.champion() is None


def test_old_releases_are_deleted_but_not_the_champion_and_the_one_before(
    project: Project,
) -> None:
    files = []
    for content in ("one", "two", "three", "four"):
        project.evaluated(content)
        project.promote()
        files.append(releases.download_release(releases.versions()[-1]))
    assert releases.versions() == [1, 2, 3, 4]  # params.yaml keeps more
    assert CliRunner().invoke(app, ["promote", "1"]).exit_code == 0  # champion 1, previous 4
    assert releases.prune(None) == []
    assert releases.prune(1) == [2, 3] and releases.prune(1) == []
    assert releases.versions() == [1, 4] and [folder.exists() for folder in files] == [True, False, False, True]
    assert CliRunner().invoke(app, ["rollback"]).exit_code == 0 and champion_and_previous() == (4, 1)
    project.evaluated("two")
    assert project.promote()["version"] == 5  # what was deleted may come again


def test_the_stage_deletes_what_params_do_not_keep(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    keep = load_params().promote.keep_releases
    assert keep
    for number in range(keep + 1):
        project.evaluated(str(number))
        project.promote()
    assert releases.versions() == list(range(2, keep + 2))
    assert "version 1 was deleted from the registry" in capsys.readouterr().out


def refuse_link(*_: object, **__: object) -> None:
    raise OSError(18, "Invalid cross-device link")


@pytest.mark.parametrize("linked", [True, False])
def test_a_registered_release_takes_no_room_of_its_own_where_it_can(
    linked: bool, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A centre of 16 GB lies once on the disk; on another file system it is copied."""
    sealed = project.evaluated("one")
    if not linked:
        monkeypatch.setattr(
            "kefu.registry.releases.os.link", lambda *_, **__: (_ for _ in ()).throw(OSError(18, "xdev"))
        )
    project.promote()
    registered = releases.download_release(1)
    assert (registered / "weights").samefile(project.release / "weights") == linked
    assert verify(registered).content_hash == sealed
    project.evaluated("two")  # the store goes on; what is registered stays as it was sealed
    assert verify(registered).content_hash == sealed


def test_rollback_without_a_previous_champion(project: Project) -> None:
    back = CliRunner().invoke(app, ["rollback"])
    assert back.exit_code == 1 and "no previous champion" in back.output


@pytest.fixture
def pulled(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A clone that has the store of somebody else's run, and an empty registry."""
    monkeypatch.setattr(serve, "RELEASE", project.release)
    monkeypatch.setattr(serve, "PROMOTION", project.folder / "promotion.json")
    project.evaluated("theirs")
    write_json(project.folder / "promotion.json", {"verdict": "pass", "version": 7, "rows": []})
    return project


def test_a_clone_with_an_empty_registry_serves_the_release_it_pulled(pulled: Project) -> None:
    adopted = serve.adopt_release()
    assert adopted is not None and adopted == releases.champion()
    assert (releases.download_release(adopted.version) / "weights").read_text() == "theirs"
    assert serve.adopt_release() is None  # the registry says from now on who is champion


def test_what_the_gate_refused_or_somebody_changed_is_not_adopted(pulled: Project) -> None:
    write_text(pulled.release / "weights", "changed")
    with pytest.raises(TamperedRelease):
        serve.adopt_release()
    write_json(pulled.folder / "promotion.json", {"verdict": "fail", "version": None, "rows": []})
    assert serve.adopt_release() is None and releases.versions() == []
