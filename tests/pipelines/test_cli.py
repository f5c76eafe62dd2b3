"""The command line: quick help, parameters explained, clear refusals."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from pydantic import BaseModel
from typer.testing import CliRunner

from kefu.params import Section
from kefu.paths import ROOT
from pipelines.commands import forget
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


@pytest.mark.parametrize("customer", ["", " \t"])
def test_forgetting_nobody_is_refused_before_anything_is_written(
    customer: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An empty id would stand in every file."""
    monkeypatch.setattr(forget, "FORGOTTEN", tmp_path / "forgotten.jsonl")
    shown = CliRunner().invoke(app, ["forget", "--customer", customer])
    assert shown.exit_code == 1 and "the id is empty" in shown.output and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [[], ["--customer", "u1", "--verify"]])
def test_forget_names_the_two_options_of_which_it_needs_one(arguments: list[str]) -> None:
    shown = CliRunner().invoke(app, ["forget", *arguments])
    assert shown.exit_code == 2 and "--customer ID or --verify: give one of the two" in " ".join(shown.output.split())


@pytest.mark.parametrize("body", ["<html>a router</html>", "[]", '{"detail": "Not Found"}'])
@pytest.mark.parametrize("status", [200, 404])
def test_chat_with_another_kind_of_server_asks_for_the_address(body: str, status: int) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        shown = CliRunner().invoke(app, ["chat", "--url", f"http://127.0.0.1:{server.server_port}"])
    assert shown.exit_code == 1 and "is --url right?" in shown.output and shown.exception.__class__ is SystemExit


def test_chat_without_a_server_says_so() -> None:
    shown = CliRunner().invoke(app, ["chat", "--url", "http://127.0.0.1:9"])
    assert shown.exit_code == 1 and "No server at http://127.0.0.1:9" in shown.output
