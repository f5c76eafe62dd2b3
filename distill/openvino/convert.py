"""Writes a model folder for the OpenVINO engine: ``openvino_model.xml`` and ``.bin`` beside the safetensors.

    python -m distill.openvino.convert MODEL_FOLDER OUT [f16|int8|int4]

The same checkpoint gives the same bytes. The tokenizer stays the model folder's own: ids go in and come out. Its tokens
are written beside the weights for grammars alone (``vocabulary.py``).
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import get_args

import openvino as ov
from tokenizers import Tokenizer

from distill.openvino.graph import decoder_graph
from distill.openvino.vocabulary import write_detokenizer
from distill.openvino.weights import WeightFormat
from kefu.errors import KefuError
from kefu.io import atomic_dir, read_json
from serving.engines.openvino.engine import DETOKENIZER, GRAPH

CONFIGS = ("config.json", "generation_config.json")  # the engine reads them


def convert(folder: Path, out: Path, weights: WeightFormat) -> None:
    """Converts the safetensors of a Hugging Face folder; ``out`` is replaced when all is written.

    Raises:
        Unusable: the architecture is not one that the exporter knows, or the checkpoint is not whole.
    """
    model = decoder_graph(folder, weights)
    with atomic_dir(out) as staged:
        ov.save_model(model, staged / GRAPH, compress_to_fp16=False)  # what may lose precision is compressed already
        for name in CONFIGS:
            if (folder / name).is_file():
                shutil.copyfile(folder / name, staged / name)
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        write_detokenizer(tokenizer, int(read_json(folder / "config.json")["vocab_size"]), staged / DETOKENIZER)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="with config.json and safetensors")
    parser.add_argument("out", type=Path, help="is replaced")
    parser.add_argument("weights", nargs="?", choices=get_args(WeightFormat), default="int8")
    args = parser.parse_args()
    try:
        convert(args.folder, args.out, args.weights)
    except KefuError as error:
        parser.exit(1, f"{error}\n")


if __name__ == "__main__":
    main()
