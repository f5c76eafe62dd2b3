"""A checkpoint's matrices as constants of an OpenVINO graph: half precision, or fewer bits with a scale and a zero.

``int8`` has one scale a row of the output, ``int4`` one every 32 inputs of a row; both are asymmetric, as NNCF's
INT8_ASYM and INT4_ASYM, and rounded to the nearest, without data. The CPU plugin multiplies by them without unpacking.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13 as op
from safetensors import safe_open

from kefu.errors import Unusable

WeightFormat = Literal["f16", "int8", "int4"]
INT4_GROUP = 32  # inputs that share a scale: of 128, a 0.5 B model keeps 86 % of its likeliest tokens, of 32, 90 %
SMALLEST_SCALE = 1e-7  # a row of zeros; float16 still holds it


class Checkpoint:
    """The safetensors files of a model folder, read one tensor at a time.

    Raises:
        Unusable: the folder has none.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, Any] = {}
        for path in sorted(folder.glob("*.safetensors")):
            file = safe_open(path, "pt")  # numpy knows no bfloat16
            self._files |= dict.fromkeys(file.keys(), file)
        if not self._files:
            raise Unusable(f"{folder}: no safetensors file: name a model folder that has its weights")

    def __contains__(self, name: str) -> bool:
        return name in self._files

    def read(self, name: str) -> NDArray[np.float32]:
        """A tensor in float32. Raises Unusable when the checkpoint has none of that name."""
        if name not in self._files:
            raise Unusable(f"{self._folder}: no tensor {name!r}: the checkpoint is not whole; copy it again")
        array: NDArray[np.float32] = self._files[name].get_tensor(name).float().numpy()
        return array


def matrix_node(matrix: NDArray[np.float32], weights: WeightFormat) -> ov.Node:
    """A matrix (outputs, inputs) as float32 node over a compressed constant.

    An ``int4`` whose groups do not fit the inputs is an ``int8``.
    """
    if weights == "f16":
        return op.convert(op.constant(matrix.astype(np.float16)), np.float32)
    if weights == "int4" and matrix.shape[1] % INT4_GROUP == 0:
        groups = matrix.reshape(matrix.shape[0], -1, INT4_GROUP)
        unpacked = op.reshape(_dequantized(groups, 4), op.constant(np.array(matrix.shape, np.int64)), False)
        return op.convert(unpacked, np.float32)
    return op.convert(_dequantized(matrix, 8), np.float32)


def _dequantized(values: NDArray[np.float32], bits: Literal[4, 8]) -> ov.Node:
    """Values whose last axis shares a scale, as (level - zero) × scale in float16."""
    top = 2**bits - 1
    low = np.minimum(values.min(-1, keepdims=True), 0)
    high = np.maximum(values.max(-1, keepdims=True), 0)
    scale = np.maximum((high - low) / top, SMALLEST_SCALE).astype(np.float16)
    exact = scale.astype(np.float32)  # what the engine multiplies by
    zero = np.clip(np.round(-low / exact), 0, top)
    levels = np.clip(np.round(values / exact) + zero, 0, top)
    shifted = op.subtract(_half(levels, bits), _half(zero, bits))
    return op.multiply(shifted, op.constant(scale))


def _half(levels: NDArray[np.float32], bits: Literal[4, 8]) -> ov.Node:
    """Whole numbers stored in 4 or 8 bits, as float16."""
    stored = levels.astype(np.uint8)
    if bits == 8:
        return op.convert(op.constant(stored), np.float16)
    flat = np.pad(stored.reshape(-1), (0, stored.size % 2))
    packed = flat[0::2] | (flat[1::2] << 4)  # the first of two numbers in the low half
    tensor = ov.Tensor(ov.Type.u4, list(stored.shape))
    tensor.data[:] = packed.reshape(tensor.data.shape)
    return op.convert(op.constant(tensor), np.float16)
