"""The locks hold what pyproject.toml declares, each file pinned by hash, and no address of a package index."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from kefu.paths import ROOT

LOCKS = ("dev", "kefu", "label-studio", "torch-cpu", "torch-cuda")
ENTRY = re.compile(r"^([\w.-]+)==(\S+?) *(?:;.*)?\\\n((?: +--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))


def text(lock: str) -> str:
    return (ROOT / f"requirements/{lock}.lock").read_text(encoding="utf8")


def versions(lock: str) -> dict[str, str]:
    return {canonicalize_name(name): version for name, version, _ in ENTRY.findall(text(lock))}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_is_a_version_with_its_hashes_or_a_comment(lock: str) -> None:
    left = [line for line in ENTRY.sub("", text(lock)).splitlines() if not line.lstrip().startswith("#")]
    assert not any(left) and versions(lock) and "://" not in text(lock)


@pytest.mark.parametrize(
    ("lock", "declared"),
    [
        ("kefu", [line for line in PROJECT["project"]["dependencies"] if not line.startswith("torch==")]),
        ("dev", PROJECT["dependency-groups"]["dev"]),
        ("label-studio", PROJECT["dependency-groups"]["label-studio"]),
    ],
)
def test_a_lock_has_what_is_declared_in_a_version_that_is_allowed(lock: str, declared: list[str]) -> None:
    locked = versions(lock)
    for wanted in map(Requirement, declared):
        assert wanted.specifier.contains(locked[canonicalize_name(wanted.name)], prereleases=True), wanted


def test_the_locks_agree_and_both_builds_of_torch_are_the_declared_one() -> None:
    kefu, shared = versions("kefu"), {**versions("dev"), **versions("torch-cuda")}
    assert {name for name in kefu.keys() & shared.keys() if kefu[name] != shared[name]} == set()
    torch = next(line.removeprefix("torch==") for line in PROJECT["project"]["dependencies"] if "torch==" in line)
    assert (versions("torch-cpu")["torch"], versions("torch-cuda")["torch"]) == (f"{torch}+cpu", torch)
    assert "torch" not in kefu and not any(name.startswith("nvidia-") for name in kefu)


def test_what_is_only_for_tests_is_not_installed_with_the_product() -> None:
    assert not versions("kefu").keys() & {"pytest", "mypy", "ruff", "playwright", "jieba", "opencv-python-headless"}
