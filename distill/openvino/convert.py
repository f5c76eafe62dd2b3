"""Writes a model folder for the OpenVINO engine: ``openvino_model.xml`` and ``.bin`` beside the safetensors.

    python -m distill.openvino.convert MODEL_FOLDER OUT [f16|int8|int4]

The same checkpoint gives the same bytes. The tokenizer stays the model folder's own: ids go in and come out.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import get_args

import openvino as ov

from distill.openvino.graph import decoder_graph
from distill.openvino.weights import WeightFormat
from kefu.errors import Unusable
from kefu.io import atomic_dir
from serving.engines.openvino.engine import GRAPH

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


def main() -> None:
    source, out, *rest = sys.argv[1:]
    chosen = rest[0] if rest else "int8"
    for known in get_args(WeightFormat):
        if chosen == known:
            convert(Path(source), Path(out), known)
            return
    raise Unusable(f"weights: {chosen!r} is not one of {', '.join(get_args(WeightFormat))}")


if __name__ == "__main__":
    main()
