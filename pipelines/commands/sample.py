"""Writes the demo's SAMPLE days: invented conversations, one folder a day, and labels beside them.

python -m pipelines.commands.sample --days 7 --dialogues 460 --seed 7
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from data.sample.generate import Size, generate
from kefu.paths import RAW, REVIEWED, ROOT
from kefu.privacy.pseudonyms import pseudonym
from kefu.shop.pack import load_pack
from kefu.split import split_of
from pipelines.commands.errors import explain_errors
from pipelines.params import load_params
from serving.tools.demo_database import build


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--dialogues", type=int, default=460, help="a day")
    parser.add_argument("--seed", type=int, default=7)
    size = Size(**vars(parser.parse_args()))
    params = load_params()
    folder, build_params = ROOT / params.pack, params.build

    def is_held_out(customer: str) -> bool:
        return split_of(pseudonym(customer), build_params.eval_share, build_params.seed) == "eval"

    with tempfile.TemporaryDirectory() as temporary:
        build(folder, Path(temporary) / "shop.db")
        with closing(sqlite3.connect(Path(temporary) / "shop.db")) as shop:
            shop.row_factory = sqlite3.Row
            counts = generate(
                load_pack(folder),
                shop,
                RAW / "shop",
                REVIEWED / "sample.jsonl",
                ROOT / "store/sample_truth.jsonl",
                size,
                is_held_out,
            )
    print("SAMPLE data: " + ", ".join(f"{value:,.0f} {name.replace('_', ' ')}" for name, value in counts.items()))


if __name__ == "__main__":
    with explain_errors():
        main()
