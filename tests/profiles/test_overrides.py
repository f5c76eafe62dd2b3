"""`dvc exp run -S` on the shipped params.yaml, by DVC's own code: every leaf can be set, and nothing else changes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvc.exceptions import InvalidArgumentError
from dvc.utils.hydra import apply_overrides

from evaluation.params import Gate
from kefu import params
from kefu.params import PARAMS, ParamsError
from kefu.yaml_file import read_yaml
from pipelines.params import load_params


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """(path, value) of all that can be set; elements of lists by their number, as `-S` names them."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if not inner:
        yield path, value
    for key, one in inner:
        yield from leaves(one, (*path, str(key)))


SHIPPED = dict(leaves(read_yaml(PARAMS)))
VALUES = {path: value for path, value in SHIPPED.items() if value != {}}


def other(value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if value is None:
        return 8
    return f"{value}x" if isinstance(value, str) else value + 1


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copy(PARAMS, tmp_path / "params.yaml"))


def read(path: Path) -> dict[tuple[str, ...], Any]:
    return dict(leaves(read_yaml(path)))


def changed_lines(copy: Path) -> list[str]:
    """Lines that are not the shipped file's; no line may be added or gone."""
    before, after = (path.read_text(encoding="utf8").splitlines() for path in (PARAMS, copy))
    return [now for was, now in zip(before, after, strict=True) if now != was]


def section(path: tuple[str, ...]) -> str:
    """The section, or the section of a profile, in which a leaf lies."""
    return ".".join(path[: 3 if path[0] == "profiles" else 1])


@pytest.mark.parametrize("name", dict.fromkeys(map(section, VALUES)))
def test_overrides_of_a_section_change_its_leaves_and_no_other_line(name: str, copy: Path) -> None:
    """All leaves of a section at once: each takes its own value, and what lies elsewhere stays."""
    values = {path: other(value) for path, value in VALUES.items() if section(path) == name}
    overrides = [f"{'.'.join(path)}={yaml.safe_dump(value).splitlines()[0]}" for path, value in values.items()]
    apply_overrides(str(copy), overrides)
    assert read(copy) == SHIPPED | values
    assert len(changed_lines(copy)) == len(values)


def test_dvc_writes_the_file_as_it_stands(copy: Path) -> None:
    apply_overrides(str(copy), [f"profile={SHIPPED['profile',]}"])
    assert copy.read_bytes() == PARAMS.read_bytes()


@pytest.mark.parametrize("rate", ["1e-4", "1e-5", "0.0003"])
@pytest.mark.parametrize("profile", ["qwen3-8b", "local", "tiny"])
def test_a_learning_rate_reaches_its_profile_alone(profile: str, rate: str, copy: Path) -> None:
    apply_overrides(str(copy), [f"profiles.{profile}.finetune.learning_rate={rate}"])
    for name in params.profiles(copy):
        expected = float(rate) if name == profile else load_params(profile=name).finetune.learning_rate
        assert load_params(copy, profile=name).finetune.learning_rate == expected


@pytest.mark.parametrize("profile", params.profiles())
def test_a_parameter_that_a_profile_sets_cannot_be_overridden_in_its_section(profile: str, copy: Path) -> None:
    """The profile's value would win, and the override do nothing."""
    with pytest.raises(InvalidArgumentError, match="Invalid `--set-param` value"):
        apply_overrides(str(copy), ["finetune.max_steps=50"])
    apply_overrides(str(copy), ["+finetune.max_steps=50", f"profile={profile}"])
    with pytest.raises(ParamsError, match=rf"finetune\.max_steps: .*keep profiles\.{profile}\.finetune"):
        load_params(copy)


def test_several_overrides_at_once(copy: Path) -> None:
    apply_overrides(str(copy), ["profile=local", "router.regularization=3", "router.ngrams=[1,3]", "base.days=2"])
    loaded = load_params(copy)
    assert (loaded.profile, loaded.router.regularization, loaded.base.days) == ("local", 3, 2)
    assert (loaded.router.ngrams, loaded.labeler.ngrams) == ((1, 3), (1, 4))
    assert len(changed_lines(copy)) == 4


def test_a_bound_is_named_by_suite_and_metric_in_either_form() -> None:
    others: dict[str, Any] = {"better_than_constant": (), "not_worse_than_champion": {}}
    nested = Gate.model_validate(
        {"at_least": {"router": {"accuracy": 0.8}}, "at_most": {"a": {"b": {"c": 1}}}} | others
    )
    flat = Gate(at_least={"router.accuracy": 0.8}, at_most={"a.b.c": 1}, **others)
    assert nested == flat and nested.at_least == {"router.accuracy": 0.8}
    assert load_params().promote.at_least["router.accuracy"] == 0.8


def test_a_bound_that_is_no_number_is_named(copy: Path) -> None:
    apply_overrides(str(copy), ["promote.at_least.router.accuracy=high"])
    with pytest.raises(ParamsError, match=r"promote\.at_least\.router\.accuracy"):
        load_params(copy)
