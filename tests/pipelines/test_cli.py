"""The command line: quick help, parameters explained, clear refusals."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from pydantic import BaseModel
from typer.testing import CliRunner

from kefu.params import Section
from kefu.paths import ROOT
from pipelines.commands.cli import app
from pipelines.params import Params


def test_help_lists_the_commands() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "pipelines.commands.cli", "--help"], cwd=ROOT, capture_output=True, text=True
    )
    assert all(name in shown.stdout for name in ("status", "params", "rollback", "promote", "review", "serve", "chat"))


def test_promote_says_that_it_runs_no_gate() -> None:
    shown = " ".join(CliRunner().invoke(app, ["promote", "--help"]).output.split())
    assert "Promote a registered release without running the gate; the current champion becomes `previous`" in shown


def test_help_imports_nothing_heavy() -> None:
    heavy = "{'mlflow', 'ray', 'torch', 'label_studio_sdk'}"
    code = f"import sys, pipelines.commands.cli; print(sorted({heavy} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert shown.stdout.strip() == "[]"


def test_params_shows_every_parameter_of_a_profile() -> None:
    shown = CliRunner().invoke(app, ["params", "--profile", "qwen3-8b"])
    assert shown.exit_code == 0 and "Qwen/Qwen3-8B" in shown.output
    kinds = [field.annotation for field in Params.model_fields.values()]
    sections = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Section)]
    names = {name for section in sections for name in section.model_fields}
    assert names <= set(shown.output.split())


def undescribed(section: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Dotted names of the parameters without a description."""
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from undescribed(field.annotation, f"{prefix}{name}.")
        elif not field.description:
            yield f"{prefix}{name}"


def test_every_parameter_is_described() -> None:
    assert list(undescribed(Params)) == []


def test_params_marks_what_the_profile_sets_and_shows_inner_sections() -> None:
    shown = CliRunner().invoke(app, ["params", "--profile", "local"]).output.splitlines()
    (steps,) = [line for line in shown if line.startswith("  max_steps ")]
    (rank,) = [line for line in shown if line.startswith("  rank ") and "16" in line]
    assert steps.endswith("[profiles.local]") and "[profiles" not in rank
    assert any(line.startswith("    similarity ") and "0.9" in line for line in shown)


def test_an_unknown_profile_is_refused_with_the_known_ones() -> None:
    shown = CliRunner().invoke(app, ["params", "--profile", "huge"])
    assert shown.exit_code == 1 and "huge" in shown.output and "qwen3-8b" in shown.output


@pytest.mark.parametrize("command", [["review", "push"], ["review", "pull"]])
def test_review_without_a_server_says_what_to_set(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    shown = CliRunner().invoke(app, command)
    assert shown.exit_code == 1 and "set LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY" in shown.output


def test_chat_without_a_server_says_so() -> None:
    shown = CliRunner().invoke(app, ["chat", "--url", "http://127.0.0.1:9"])
    assert shown.exit_code == 1 and "No server at http://127.0.0.1:9" in shown.output
