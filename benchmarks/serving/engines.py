"""How many answers of a model a machine gives, and how soon each begins: Kefu's engines beside the plain server.

    python -m benchmarks.serving.engines --model FOLDER [--engines plain transformers openvino-int8]
        [--chats 1 4 16] [--chats-one-by-one 1 4] [--seconds 30]

A closed loop over HTTP: so many chats at once, each a shop's rules (some 200 tokens) and one question, whose answer
ends by itself or after ``--max-new-tokens``. "shared": the rules come first, for all chats the same, as in Kefu's
prompts; "own": every chat's rules begin in another way, so that nothing can be kept. The plain server is FastAPI with
one ``model.generate`` a request; it streams nothing, so its first token comes with its last. Plain and transformers
answer one chat after the other: more chats get no more answers, and ``--chats-one-by-one`` keeps the waiting short.
All get the same prompts in the same run. Tokens are those of the model's tokenizer; OpenVINO's weights are made from
the folder's safetensors, in a temporary folder. CPU is that of all processes, load generator included.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import aiohttp
import numpy as np
from rich.console import Console
from rich.table import Table
from tokenizers import Tokenizer

from benchmarks.serving.servers import load, machine, started
from benchmarks.serving.traffic import cpu_seconds, rss_mb
from distill.openvino.convert import convert
from distill.openvino.weights import WeightFormat
from kefu.paths import ROOT
from kefu.shop.pack import Pack, load_pack
from pipelines.params import load_params
from serving.engines.openvino.engine import WEIGHTS

PLAIN, TRANSFORMERS, OPENVINO = "plain", "transformers", "openvino-"
ENGINES = (PLAIN, TRANSFORMERS, f"{OPENVINO}f16", f"{OPENVINO}int8", f"{OPENVINO}int4")
TIMEOUT_S = 900
RULES_CHARS = 260  # some 200 tokens of Qwen


@dataclass
class Answers:
    """What some chats at once got. first_s, whole_s: seconds to the first piece and to the end of each answer."""

    chats: int
    shared: bool
    seconds: float = 0
    first_s: list[float] = field(default_factory=list)
    whole_s: list[float] = field(default_factory=list)
    tokens: int = 0
    cpu_s: float = 0
    rss_mb: float = 0

    @property
    def per_s(self) -> float:
        return len(self.whole_s) / self.seconds

    @property
    def cpu_each_s(self) -> float:
        """CPU seconds an answer."""
        return self.cpu_s / len(self.whole_s)


class Prompts:
    """System message and question of each chat, the same sequence for every engine."""

    def __init__(self, pack: Pack, shared: bool) -> None:
        self._rules = "".join(faq.answer.zh for faq in pack.faq)[:RULES_CHARS]
        self._questions = itertools.cycle([faq.question.zh for faq in pack.faq])
        self._shared, self._numbers = shared, itertools.count(1)

    def next(self) -> dict[str, str]:
        number = next(self._numbers)
        head = "" if self._shared else f"{number * 7919 % 10007} 号对话。"
        return {"system": f"{head}你是网店客服，按下面的店规回答。{self._rules}", "message": next(self._questions)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="a folder with safetensors weights")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=[PLAIN, TRANSFORMERS, f"{OPENVINO}int8"])
    parser.add_argument("--chats", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--chats-one-by-one", type=int, nargs="+", default=[1, 4], help="of plain and transformers")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--max-new-tokens", type=int, default=64)
    args = parser.parse_args()
    console, pack = Console(width=150), load_pack(ROOT / load_params().pack)
    console.print(machine())
    tokenizer = Tokenizer.from_file(str(args.model / "tokenizer.json"))
    found: list[tuple[str, Answers]] = []
    for name in args.engines:
        with served(name, args.model, args.max_new_tokens) as url:
            measure(url, Prompts(pack, True), 1, 1.0, True, tokenizer)  # warm-up
            batched = name.startswith(OPENVINO)
            kinds = (True, False) if batched else (True,)  # the others keep nothing of a prompt
            for shared, chats in itertools.product(kinds, args.chats if batched else args.chats_one_by_one):
                one = measure(url, Prompts(pack, shared), chats, args.seconds, shared, tokenizer)
                found.append((name, one))
                rates = f"{one.per_s:.3f} answers/s, {one.cpu_each_s:.2f} CPU-s an answer"
                console.print(f"{name}, {chats} chats: {rates}, load {load()}")
    console.print(table(found))


@contextmanager
def served(name: str, model: Path, max_new_tokens: int) -> Iterator[str]:
    """An engine as a server of its own; gives its address."""
    if name == PLAIN:
        with started("plain_server", str(model), str(max_new_tokens)) as url:
            yield url
        return
    with tempfile.TemporaryDirectory(prefix="kefu-bench-") as temporary:
        folder = Path(temporary)
        for path in model.resolve().iterdir():
            if path.is_file():
                (folder / path.name).symlink_to(path)
        if name.startswith(OPENVINO):
            convert(folder, folder / WEIGHTS, cast(WeightFormat, name.removeprefix(OPENVINO)))
        with started("engine_server", str(folder), str(max_new_tokens)) as url:
            yield url


def measure(url: str, prompts: Prompts, chats: int, seconds: float, shared: bool, tokenizer: Tokenizer) -> Answers:
    """Keeps so many chats going for some seconds, and lets the last ones end."""
    return asyncio.run(_measure(url, prompts, Answers(chats, shared), seconds, tokenizer))


async def _measure(url: str, prompts: Prompts, found: Answers, seconds: float, tokenizer: Tokenizer) -> Answers:
    timeout, texts = aiohttp.ClientTimeout(TIMEOUT_S), list[str]()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as client:
        before, began = cpu_seconds().total(), time.monotonic()

        async def customer() -> None:
            while time.monotonic() < began + seconds:
                sent, first, pieces = time.monotonic(), 0.0, b""
                async with client.post(f"{url}/v1/chat", json=prompts.next()) as answer:
                    answer.raise_for_status()
                    async for piece in answer.content.iter_any():
                        first = first or time.monotonic() - sent
                        pieces += piece
                found.first_s.append(first)
                found.whole_s.append(time.monotonic() - sent)
                texts.append(pieces.decode())

        await asyncio.gather(*(customer() for _ in range(found.chats)))
        found.seconds = time.monotonic() - began
        found.cpu_s, found.rss_mb = cpu_seconds().total() - before, rss_mb()
    found.tokens = sum(len(tokenizer.encode(text).ids) for text in texts)
    return found


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
            "shared" if one.shared else "own",
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


if __name__ == "__main__":
    main()
