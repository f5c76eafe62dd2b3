"""One micro run of the whole loop, shared by the tests of the graph: two small SAMPLE days, a few steps a model.

What the graph promises hangs on no figure, so the pack's labelled messages, golden conversations and simulated
customers are as few as the rest.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.workcopy import copy_project, edit_params, environment
from kefu.io import write_json
from kefu.yaml_file import read_yaml
from tests.fixtures.preloaded_python import preloaded


def micro(params: dict) -> None:
    """Everything as it is, only less of it; the gate lets a barely trained model pass."""
    tiny = params["profiles"]["tiny"]
    params["base"].update(steps=3, edge_steps=3, batch_size=2, sequence_length=64, days=2, vocab_size=1500)
    tiny["base"]["centre"] = tiny["base"]["edge"]
    tiny["finetune"].update(max_steps=2, batch_size=2)
    tiny["distill"].update(examples=4, max_new_tokens=4, batch_size=2)
    params["distill"]["max_useless"] = 1.0  # four tokens of a model of two steps end nothing
    params["labeler"]["folds"] = params["router"]["folds"] = 3
    params["router"]["features"] = params["retriever"]["features"] = 1 << 12
    params["retriever"].update(folds=2, dim=32)
    tiny["evaluate"].update(answers=2, max_new_tokens=4)
    params["export"].update(parity_chats=4, general_tokens=0)
    params["export"]["max_kl"]["adapter"], params["export"]["min_agreement"]["adapter"] = 10.0, 0.0
    params["evaluate"]["conversations"] = 4
    tiny["serving"]["max_new_tokens"] = 4
    params["promote"] = {
        "at_least": {"flows.success": 0.0},
        "at_most": {},
        "better_than_constant": [],
        "not_worse_than_champion": {},
    }


def shrink_pack(pack: Path) -> None:
    """Keeps every fortieth labelled message of a file, a variant of a question, every sixth example and 20th golden."""
    for file in (pack / "wordings").glob("*.yaml"):
        write_json(file, read_yaml(file)[::40])  # JSON is YAML, too, and read and written in a fraction of the time
    for file in (pack / "examples").glob("*.yaml"):
        write_json(file, {kind: some[::6] for kind, some in read_yaml(file).items()})
    faq = read_yaml(pack / "knowledge/faq.yaml")
    for entry in faq:
        entry["variants"] = {lang: some[:1] for lang, some in entry.get("variants", {}).items()}
    write_json(pack / "knowledge/faq.yaml", faq)
    for number, file in enumerate(sorted((pack / "golden").glob("*.yaml"))):
        if number % 20:
            file.unlink()


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a `python` that has imported the libraries."""
    with preloaded(tmp_path_factory.mktemp("python")) as folder:
        yield folder


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory, programs: Path) -> Path:
    work = tmp_path_factory.mktemp("loop")
    copy_project(work)
    edit_params(work, micro)
    shrink_pack(work / "shop")
    for command in ("python -m pipelines.commands.sample --days 2 --dialogues 80", "dvc repro -q"):
        subprocess.run(command.split(), cwd=work, env=environment(programs), check=True)
    return work
