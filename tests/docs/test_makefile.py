"""What `make` would run, by its own dry run: which build of PyTorch, and that `make demo` ends when it is told to."""

from __future__ import annotations

import subprocess

import pytest

from kefu.paths import ROOT

CPU = "https://download.pytorch.org/whl/cpu"
NO_GPU = "GPU="  # as on a machine without one, wherever this runs


def planned(target: str, *variables: str) -> str:
    call = ["make", "--dry-run", "--always-make", target, *variables]
    return subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_without_a_gpu_the_cpu_build_of_pytorch_is_installed_and_that_is_said() -> None:
    shown = planned("setup", NO_GPU)
    assert f'if [ -z "{CPU}" ]' in shown and "no NVIDIA GPU here, so the CPU build" in shown
    assert "torch-cpu.lock" in shown and CPU in shown


@pytest.mark.parametrize("variables", [("GPU=/dev/nvidia0",), (NO_GPU, "TORCH_INDEX=")])
def test_with_a_gpu_or_when_told_so_the_cuda_build_is_installed(variables: tuple[str, ...]) -> None:
    assert 'if [ -z "" ]; then' in planned("setup", *variables)


def test_another_index_of_pytorch_can_be_named() -> None:
    assert "--extra-index-url https://mirror.example/torch" in planned(
        "setup", NO_GPU, "TORCH_INDEX=https://mirror.example/torch"
    )


def test_every_file_is_installed_by_its_hash_and_nothing_is_resolved() -> None:
    installs = [line for line in planned("setup").splitlines() if "-m pip install" in line and ".lock" in line]
    assert installs and all("--require-hashes" in line and "--no-deps" in line for line in installs)


def test_the_demo_ends_by_itself_when_it_is_told_to() -> None:
    assert "pipelines.commands.demo --once" in planned("demo", "ONCE=1")
    assert "--once" not in planned("demo").split("pipelines.commands.demo")[1]


def test_the_tests_run_after_lint_and_the_slow_ones_when_they_are_asked_for() -> None:
    shown, whole = planned("test"), planned("test-all")
    assert shown.index("ruff check") < shown.index("-m pytest") and "mypy" in shown
    assert '-m "slow or not slow"' in whole and "slow" not in shown.split("-m pytest")[1]
