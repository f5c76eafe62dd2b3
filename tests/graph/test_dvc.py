"""dvc.yaml says the truth: code deps, paths, params and metrics of every stage."""

from pathlib import Path

import pytest
import yaml

from kefu import paths
from kefu.params import PROFILE_SECTIONS
from kefu.paths import ROOT
from pipelines.fingerprints import closure, fingerprints
from pipelines.headlines import HEADLINES
from pipelines.params import Params

TEXT = (ROOT / "dvc.yaml").read_text(encoding="utf8")
STAGES = yaml.safe_load(TEXT)["stages"]

# What people, shop systems and `kefu day` write before the loop starts.
GIVEN = {"store/raw", "store/reviewed", "store/champion.json", "store/frozen"}


def outs(stage: dict) -> list[str]:
    return [next(iter(out)) if isinstance(out, dict) else out for out in stage.get("outs", [])]


def test_each_stage_depends_on_its_own_fingerprint_and_on_no_file_of_code():
    for name, stage in STAGES.items():
        of_code = [param for param in stage.get("params", []) if isinstance(param, dict)]
        assert of_code == ([] if name == "code" else [{"store/code.json": [name]}]), name
        assert not [dep for dep in stage.get("deps", []) if Path(dep).suffix in {".py", ".j2", ".css"}], name
    assert fingerprints().keys() == STAGES.keys() - {"code"}


def test_the_graph_is_readable_as_a_picture_of_the_loop():
    assert TEXT.count("\n") <= 280


def test_outs_are_the_paths_that_the_code_uses():
    known = {p.relative_to(ROOT).as_posix() for p in vars(paths).values() if isinstance(p, Path) and p != ROOT}
    own = {f"store/{what}" for name in STAGES for what in (f"plots/{name}", f"metrics/{name}.json")}
    assert {out for stage in STAGES.values() for out in outs(stage)} - own <= known


def test_a_stage_reads_only_what_an_earlier_stage_or_a_person_wrote():
    written: set[str] = set()
    for name, stage in STAGES.items():
        store = {dep for dep in stage.get("deps", []) if dep.startswith("store/")} - GIVEN
        assert store <= written, f"{name} reads {store - written} before it is written"
        written |= set(outs(stage))


@pytest.mark.parametrize("stage", sorted(STAGES.keys() - {"code"}))
def test_a_stage_declares_its_metrics_and_its_own_params(stage):
    assert f"store/metrics/{stage}.json" in outs(STAGES[stage])
    headline = [f"store/metrics/headline/{stage}.json"] if stage in HEADLINES else []
    assert STAGES[stage].get("metrics", []) == headline
    if stage in Params.model_fields:
        assert stage in STAGES[stage]["params"]
    if stage in PROFILE_SECTIONS:
        assert f"profiles.${{profile}}.{stage}" in STAGES[stage]["params"]


@pytest.mark.parametrize("stage", sorted(STAGES.keys() - {"code"}))
def test_a_stage_is_no_longer_than_a_page(stage):
    module = STAGES[stage]["cmd"].split()[-1]
    assert ROOT.joinpath(*module.split(".")).with_suffix(".py").read_text().count("\n") <= 85


def test_the_stages_are_the_same_for_every_profile():
    """A profile sets parameters of stages; it adds none, and changes no command, input or output."""
    fixed = [(stage["cmd"], stage.get("deps"), stage.get("outs")) for stage in STAGES.values()]
    assert "${profile" not in str(fixed)


def test_dvc_metrics_are_as_many_as_one_can_read():
    assert 15 <= sum(map(len, HEADLINES.values())) <= 25


def test_closure_follows_imports_of_imports():
    found = {path.relative_to(ROOT).as_posix() for path in closure(ROOT / "pipelines/stage.py")}
    assert {"kefu/params.py", "kefu/paths.py", "pipelines/stage.py"} <= found
