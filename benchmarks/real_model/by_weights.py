"""Are scripted customers served as well by a model's 8-bit or 4-bit weights as by 16-bit ones?

    python -m benchmarks.real_model.by_weights --model FOLDER --adapter FOLDER [--release store/release]
        [--weights f16 int8 int4] [--count 60] [--bound 0.7]

The model, which ``benchmarks.real_model.teach`` has taught acts, takes the place of both models of the release, in each
format in turn: it reads what the fast reader is less sure of than the bound, and writes what no entry answers. The
same customers of the simulator's measuring half play with each, and once with no model at all.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.conversations.__main__ import open_world
from benchmarks.real_model.teach import open_folder
from benchmarks.serving.servers import load, machine
from benchmarks.serving.traffic import cpu_seconds
from benchmarks.serving.whole_server import with_edge
from distill.openvino.weights import WeightFormat
from evaluation.candidate import open_release
from evaluation.simulator.cases import draw_case
from evaluation.simulator.play import Played, play
from evaluation.simulator.summary import acts_share, figures
from kefu.llm.prompt import acts_system
from kefu.llm.taught_acts import save_taught_prompts
from kefu.paths import RELEASE
from kefu.registry.seal import read_manifest, seal
from kefu.shop.pack import load_pack
from kefu.shop.part import LANGUAGES
from pipelines.params import load_params
from serving.params import Serving
from training.adapter import load_apart, merge

SEED = 7


def taught(release: Path) -> None:
    """Says in the release that its models know the pack's own prompt for acts, and seals it anew."""
    pack, manifest = load_pack(release / "pack"), read_manifest(release)
    save_taught_prompts(release, [acts_system(pack, lang) for lang in LANGUAGES])
    seal(release, manifest.profile, manifest.base, None, manifest.taught)


def simulate(release: Path, params: Serving, cases: Sequence[int]) -> list[Played]:
    """The same customers with a release; where models read, the edge model alone does."""
    with open_release("challenger", release, params) as opened, open_world(release) as world:
        drawn = [draw_case(world, number, SEED) for number in cases]
        if opened.with_one_model is None:
            return [play(opened, world, case, 0, SEED) for case in drawn]
        with opened.with_one_model("edge") as start:
            opened.start_conversation = start
            return [play(opened, world, case, 0, SEED) for case in drawn]


def releases(release: Path, model: Path, formats: Sequence[WeightFormat], work: Path) -> Iterator[tuple[str, Path]]:
    """The release as it is, and with the model in each format, one at a time."""
    yield "none", release
    for weights in formats:
        out = with_edge(release, model, weights, work / weights)
        taught(out)
        yield weights, out
        shutil.rmtree(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="a Hugging Face folder")
    parser.add_argument("--adapter", type=Path, required=True)
    parser.add_argument("--release", type=Path, default=RELEASE)
    parser.add_argument("--weights", nargs="+", choices=("f16", "int8", "int4"), default=["f16", "int8", "int4"])
    parser.add_argument("--count", type=int, default=60, help="conversations")
    parser.add_argument("--bound", type=float, default=0.7, help="serving.reader_min_probability")
    asked = parser.parse_args()
    print(machine())
    params = load_params().serving.model_copy(update={"reader_min_probability": asked.bound})
    head = ("weights", "success", "wrong writes", "messages read exactly", "misunderstood / 100", "CPU-s")
    table = Table(*head, title=f"{asked.count} conversations, seed {SEED}")
    with tempfile.TemporaryDirectory(prefix="kefu-bench-") as folder:
        base = open_folder(asked.model)
        merge(load_apart(base, asked.adapter), base, Path(folder) / "model")
        for name, release in releases(asked.release, Path(folder) / "model", asked.weights, Path(folder)):
            reads = params.model_copy(update={"model_reader": name != "none"})
            spent = cpu_seconds().total()
            played = simulate(release, reads, range(asked.count))
            total = figures(played)
            cells = f"{total.success:.1%}", str(total.wrong_writes), f"{acts_share(played):.1%}"
            cpu_s = cpu_seconds().total() - spent
            table.add_row(name, *cells, f"{total.misunderstandings:.1f}", f"{cpu_s:.0f}")
            print(name, *cells, f"load {load()}", flush=True)
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
