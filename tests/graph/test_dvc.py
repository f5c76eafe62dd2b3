"""dvc.yaml says the truth: code deps, paths, params and metrics of every stage."""

import ast
from pathlib import Path

import pytest
import yaml

from kefu import params, paths
from kefu.paths import ROOT
from pipelines.fingerprints import closure, updated

TEXT = (ROOT / "dvc.yaml").read_text(encoding="utf8")
STAGES = yaml.safe_load(TEXT)["stages"]
PACKAGES = {"data", "training", "distill", "evaluation", "serving"}


def outs(stage: dict) -> list[str]:
    return [next(iter(out)) if isinstance(out, dict) else out for out in stage.get("outs", [])]


def test_declared_code_deps_are_the_import_closure():
    assert updated(TEXT) == TEXT, "run `make deps`"


@pytest.mark.parametrize("stage", STAGES)
def test_a_forgotten_dep_is_noticed(stage):
    module = STAGES[stage]["cmd"].split()[-1].replace(".", "/") + ".py"
    without = TEXT.replace(f"      - {module}\n", "", 1)
    assert without != TEXT
    assert updated(without) != without


def test_outs_are_the_paths_that_the_code_uses():
    known = {p.relative_to(ROOT).as_posix() for p in vars(paths).values() if isinstance(p, Path) and p != ROOT}
    plots = {f"store/plots/{name}" for name in STAGES}
    assert {out for stage in STAGES.values() for out in outs(stage)} - plots <= known


def test_a_stage_reads_only_what_an_earlier_stage_or_a_person_wrote():
    written: set[str] = set()
    for name, stage in STAGES.items():
        store = {dep for dep in stage["deps"] if dep.startswith("store/")}
        assert store <= written, f"{name} reads {store - written} before it is written"
        written |= set(outs(stage))


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_declares_its_metrics_and_its_own_params(stage):
    assert STAGES[stage]["metrics"] == [f"store/metrics/{stage}.json"]
    if stage in params.Params.model_fields:
        assert stage in STAGES[stage]["params"]
    if stage in params.PROFILE_SECTIONS:
        assert f"profiles.${{profile}}.{stage}" in STAGES[stage]["params"]


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_is_no_longer_than_a_page(stage):
    module = STAGES[stage]["cmd"].split()[-1]
    assert ROOT.joinpath(*module.split(".")).with_suffix(".py").read_text().count("\n") <= 85


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def test_imports_point_one_way():
    wrong = []
    for package in (*PACKAGES, "kefu"):
        forbidden = (PACKAGES | {"pipelines"}) - {package}
        for path in (ROOT / package).rglob("*.py"):
            wrong += [f"{path.relative_to(ROOT)}: {n}" for n in imported(path) if n.split(".")[0] in forbidden]
    assert not wrong


def test_the_vocabulary_needs_no_torch_and_only_tracking_knows_mlflow():
    for path in ROOT.rglob("*.py"):
        parts = path.relative_to(ROOT).parts
        if parts[0] in {"kefu", "pipelines", *PACKAGES}:
            roots = {name.split(".")[0] for name in imported(path)}
            assert not (parts[0] == "kefu" and "torch" in roots), path
            assert "mlflow" not in roots or path.parent.name == "registry", path


def test_closure_follows_imports_of_imports():
    assert {"kefu/params.py", "kefu/paths.py", "pipelines/stage.py"} <= set(closure(ROOT / "pipelines/stage.py"))
