"""The exporter to OpenVINO: the logits of transformers, the same bytes each time, and a no to what it does not know."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
import torch

from distill.openvino.convert import convert, main
from distill.openvino.weights import WeightFormat
from kefu.errors import Unusable
from kefu.io import content_hash, read_json, write_json
from kefu.paths import ROOT
from serving.engines.openvino.engine import GRAPH
from tests.engines.models import logits

EXACT = {"INFERENCE_PRECISION_HINT": "f32", "KV_CACHE_PRECISION": "f32"}
IDS = [[5, 17, 300, 41, 8, 8, 260, 33, 90, 2, 411, 7], [9, 3, 3, 120, 500, 77, 64, 31, 201, 11, 350, 6]]


def openvino_logits(folder: Path, ids: list[list[int]]) -> torch.Tensor:
    compiled = ov.Core().compile_model(folder / GRAPH, "CPU", EXACT)
    request, positions = compiled.create_infer_request(), np.arange(len(ids[0]))[None].repeat(len(ids), 0)
    found = []
    for part in (slice(0, 5), slice(5, None)):  # the second part needs what the first has left in the cache
        tokens = np.array(ids)[:, part]
        inputs = {
            "input_ids": tokens,
            "attention_mask": np.ones_like(np.array(ids)[:, : part.stop]),
            "position_ids": positions[:, part],
            "beam_idx": np.arange(len(ids), dtype=np.int32),
        }
        found.append(torch.from_numpy(request.infer(inputs)["logits"].copy()))
    return torch.cat(found, 1)


def divergence(folder: Path, weights: WeightFormat, out: Path) -> tuple[float, float]:
    """KL from transformers to the converted model in nats a token, and the share of equal likeliest tokens."""
    convert(folder, out, weights)
    expected, found = (some.log_softmax(-1) for some in (logits(folder, IDS), openvino_logits(out, IDS)))
    kl = torch.nn.functional.kl_div(found, expected, reduction="none", log_target=True).sum(-1).mean()
    return float(kl), float((found.argmax(-1) == expected.argmax(-1)).float().mean())


@pytest.mark.parametrize("kind", ["qwen2", "qwen3"])
def test_half_precision_says_what_transformers_says(kind: str, folders: dict[str, Path], tmp_path: Path) -> None:
    kl, same = divergence(folders[kind], "f16", tmp_path / "out")
    assert abs(kl) < 1e-5 and same == 1


@pytest.mark.parametrize("kind", ["qwen2", "qwen3"])
def test_fewer_bits_say_nearly_the_same_and_take_less(kind: str, folders: dict[str, Path], tmp_path: Path) -> None:
    eight, same = divergence(folders[kind], "int8", tmp_path / "int8")
    four, _ = divergence(folders[kind], "int4", tmp_path / "int4")
    convert(folders[kind], tmp_path / "f16", "f16")
    sizes = [(tmp_path / name / "openvino_model.bin").stat().st_size for name in ("int4", "int8", "f16")]
    assert eight < 0.05 and same >= 0.8 and eight < four < 3
    assert sizes == sorted(sizes) and sizes[1] < 0.7 * sizes[2]


@pytest.mark.parametrize("weights", ["int4", "int8"])
def test_the_same_checkpoint_gives_the_same_bytes(
    weights: WeightFormat, folders: dict[str, Path], tmp_path: Path
) -> None:
    convert(folders["qwen3"], tmp_path / "first", "f16")  # counters of this process stand elsewhere now
    convert(folders["qwen3"], tmp_path / "one", weights)
    command = [sys.executable, "-m", "distill.openvino.convert", str(folders["qwen3"]), str(tmp_path / "two"), weights]
    subprocess.run(command, cwd=ROOT, check=True, timeout=120)
    assert content_hash(tmp_path / "one") == content_hash(tmp_path / "two")


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"model_type": "mamba"}, "model_type is 'mamba'.*llama, qwen2, qwen3.*optimum-intel"),
        ({"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e6}}, "rope_type is 'yarn'"),
        ({"use_sliding_window": True}, "use_sliding_window is True"),
        ({"num_hidden_layers": 3}, r"no tensor 'model\.layers\.2\.input_layernorm\.weight'"),
    ],
)
def test_what_it_does_not_know_is_refused(
    change: dict[str, object], wrong: str, folders: dict[str, Path], tmp_path: Path
) -> None:
    shutil.copytree(folders["qwen3"], tmp_path / "model")
    write_json(tmp_path / "model/config.json", read_json(tmp_path / "model/config.json") | change)
    with pytest.raises(Unusable, match=wrong):
        convert(tmp_path / "model", tmp_path / "out", "int8")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["{model}", "{out}", "int3"], "invalid choice: 'int3'"),
        (["{model}"], "required: out"),
        (["{out}/none", "{out}"], "none: no config.json"),
    ],
)
def test_a_wrong_command_is_told_without_a_traceback(
    arguments: list[str],
    told: str,
    folders: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = [argument.format(model=folders["qwen3"], out=tmp_path / "out") for argument in arguments]
    monkeypatch.setattr(sys, "argv", ["convert", *given])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code and re.search(told, capsys.readouterr().err)
