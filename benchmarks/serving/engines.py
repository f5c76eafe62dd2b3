"""How many answers of a model a machine gives, and how soon each begins: Kefu's engines beside the plain server.

    python -m benchmarks.serving.engines --model FOLDER [--engines plain transformers openvino-int8]
        [--chats 1 4 16] [--chats-one-by-one 1 4] [--rules shared own] [--seconds 30]
    python -m benchmarks.serving.engines --model FOLDER --release RELEASE --engines openvino-int8 kefu-int8
        [--soak 20]

A closed loop over HTTP: so many chats at once, each a shop's rules (some 200 tokens) and one question, whose answer
ends by itself or after ``--max-new-tokens``. "shared": the rules come first, for all chats the same, as in Kefu's
prompts; "own": every chat's rules begin in another way, so that nothing can be kept. The plain server is FastAPI with
one ``model.generate`` a request; it streams nothing, so its first token comes with its last. Plain and transformers
answer one chat after the other: more chats get no more answers, and ``--chats-one-by-one`` keeps the waiting short.
``kefu-…`` is the same engine behind Kefu's whole server, by its OpenAI interface. Its output guard holds a sentence
back until it is whole, so its first token is a first sentence; what the guard lets nobody hear is answered by the
shop's fallback, whose tokens count. ``--soak``: so many minutes at 80 % of
the most answers a second that the last engine gave.

All get the same prompts in the same run. Tokens are those of the model's tokenizer; OpenVINO's weights are made from
the folder's safetensors, in a temporary folder. CPU is that of all processes, load generator included.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import numpy as np
from rich.console import Console
from rich.table import Table
from tokenizers import Tokenizer

from benchmarks.serving import model_soak
from benchmarks.serving.model_traffic import Answers, Door, PlainDoor, Prompts, answered, measure
from benchmarks.serving.servers import load, machine, started
from benchmarks.serving.whole_server import link_files, whole_server
from distill.openvino.convert import convert
from distill.openvino.weights import WeightFormat
from kefu.paths import ROOT
from kefu.shop.pack import load_pack
from pipelines.params import load_params
from serving.engines.openvino.engine import WEIGHTS

PLAIN, TRANSFORMERS, OPENVINO, KEFU = "plain", "transformers", "openvino-", "kefu-"
SHARED, OWN = "shared", "own"
WEIGHT_FORMATS = ("f16", "int8", "int4")
ENGINES = (PLAIN, TRANSFORMERS, *(f"{kind}{weights}" for kind in (OPENVINO, KEFU) for weights in WEIGHT_FORMATS))
SOAK_SHARE = 0.8  # of the most answers a second


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="a folder with safetensors weights")
    parser.add_argument("--release", type=Path, help="of kefu-…: whose other parts are served with the model")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=[PLAIN, TRANSFORMERS, f"{OPENVINO}int8"])
    parser.add_argument("--chats", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--chats-one-by-one", type=int, nargs="+", default=[1, 4], help="of plain and transformers")
    parser.add_argument("--rules", nargs="+", choices=[SHARED, OWN], default=[SHARED, OWN], help="of the other engines")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--soak", type=int, default=0, metavar="MINUTES", help="of the last engine")
    parser.add_argument("--max-new-tokens", type=int, default=64)
    args = parser.parse_args()
    if not args.release and any(name.startswith(KEFU) for name in args.engines):
        parser.error("kefu-… needs --release: a release folder, e.g. store/release")
    console, pack = Console(width=150), load_pack(ROOT / load_params().pack)
    console.print(machine())
    tokenizer = Tokenizer.from_file(str(args.model / "tokenizer.json"))
    found: list[tuple[str, Answers]] = []
    for name in args.engines:
        with served(name, args.model, args.release, args.max_new_tokens) as door:
            measure(door, Prompts(pack, True), 1, 1.0, tokenizer)  # warm-up
            batched = name.startswith((OPENVINO, KEFU))
            kinds = args.rules if batched else [SHARED]  # the others keep nothing of a prompt
            for rules, chats in itertools.product(kinds, args.chats if batched else args.chats_one_by_one):
                one = measure(door, Prompts(pack, rules == SHARED), chats, args.seconds, tokenizer)
                found.append((name, one))
                rates = f"{one.per_s:.3f} answers/s, {one.cpu_each_s:.2f} CPU-s an answer"
                console.print(f"{name}, {chats} chats: {rates}, load {load()}")
            if args.soak and name == args.engines[-1]:
                per_s = SOAK_SHARE * max(one.per_s for who, one in found if who == name)
                minutes = model_soak.soak(door, Prompts(pack, True), per_s, args.soak)
                console.print(model_soak.table(name, per_s, minutes))
                console.print(model_soak.growth(minutes))
    console.print(table(found))
    for line in kept(found):
        console.print(line)


@contextmanager
def served(name: str, model: Path, release: Path, max_new_tokens: int) -> Iterator[Door]:
    """An engine as a server of its own; gives its door."""
    if name.startswith(KEFU):
        with whole_server(release, model, cast(WeightFormat, name.removeprefix(KEFU)), max_new_tokens) as door:
            yield door
        return
    if name == PLAIN:
        with started("plain_server", str(model), str(max_new_tokens)) as url:
            yield PlainDoor(url)
        return
    with tempfile.TemporaryDirectory(prefix="kefu-bench-") as temporary:
        folder = Path(temporary) / "model"
        link_files(model, folder)
        if name.startswith(OPENVINO):
            convert(folder, folder / WEIGHTS, cast(WeightFormat, name.removeprefix(OPENVINO)))
        with started("engine_server", str(folder), str(max_new_tokens)) as url:
            yield PlainDoor(url)


def table(found: Sequence[tuple[str, Answers]]) -> Table:
    """A row a measurement; in brackets how many times better than the plain server at its best."""
    rows = Table(
        *("chats", "rules", "engine", "answers", "answers/s", "tokens/s", "first token p50 · p95 s", "whole p50 s"),
        *("CPU-s an answer", "RSS MB"),
        title="the same prompts, closed loop; in brackets: times better than the plain server at its best",
    )
    plain = [one for name, one in found if name == PLAIN]
    per_s, cpu_s = max((one.per_s for one in plain), default=0.0), min((one.cpu_each_s for one in plain), default=0.0)
    for name, one in found:
        compared = plain and name != PLAIN
        rows.add_row(
            str(one.chats),
            SHARED if one.shared else OWN,
            name,
            str(len(one.whole_s)),
            f"{one.per_s:.3f}" + (f" ({one.per_s / per_s:.1f})" if compared else ""),
            f"{one.tokens / one.seconds:.1f}",
            " · ".join(f"{np.percentile(one.first_s, share):.2f}" for share in (50, 95)),
            f"{np.median(one.whole_s):.2f}",
            f"{one.cpu_each_s:.2f}" + (f" ({cpu_s / one.cpu_each_s:.1f})" if compared else ""),
            f"{one.rss_mb:.0f}",
        )
    return rows


def kept(found: Sequence[tuple[str, Answers]]) -> Iterator[str]:
    """How much of the bare engine's answers Kefu's whole server gives, where both were measured."""
    for name, one in found:
        weights = name.removeprefix(KEFU)
        bare = answered(found, f"{OPENVINO}{weights}", one.chats, one.shared) if name != weights else None
        if bare:
            rules = SHARED if one.shared else OWN
            speed, tokens = one.per_s / bare.per_s, one.tokens / one.seconds / (bare.tokens / bare.seconds)
            yield (
                f"{name}, {one.chats} chats, {rules} rules: {speed:.2f} of the bare engine's answers/s, "
                f"{tokens:.2f} of its tokens/s, {one.cpu_each_s / bare.cpu_each_s:.2f} of its CPU"
            )


if __name__ == "__main__":
    main()
