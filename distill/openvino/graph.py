"""The graph of a decoder with rotary positions, as OpenVINO's paged attention expects it, built node by node.

Qwen2, Qwen3 and Llama are one architecture but for biases and norms, which the checkpoint itself shows. No tracing and
no converter: the same checkpoint gives the same bytes, and transformers may be of any version. The form of the cache
(variable, gather by ``beam_idx``, concatenation, repeated heads, scaled dot-product attention) is what OpenVINO's
``SDPAToPagedAttention`` looks for; tests compare its logits with transformers'.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13 as op
from openvino.op.util import Variable, VariableInfo

from distill.openvino.weights import Checkpoint, WeightFormat, matrix_node
from kefu.errors import Unusable
from kefu.io import read_json

MODEL_TYPES = ("llama", "qwen2", "qwen3")
INT64_MAX = 2**63 - 1


def decoder_graph(folder: Path, weights: WeightFormat) -> ov.Model:
    """The model of a Hugging Face folder: ``input_ids``, ``attention_mask``, ``position_ids`` (batch, tokens) int64 and
    ``beam_idx`` (batch) int32 → ``logits`` (batch, tokens, vocabulary) float32, with its cache inside.

    Raises:
        Unusable: another architecture, or a form of it that this graph does not have.
    """
    if not (folder / "config.json").is_file():
        raise Unusable(f"{folder}: no config.json: name a Hugging Face model folder")
    config = read_json(folder / "config.json")
    _check(folder, config)
    return _Decoder(config, Checkpoint(folder), weights).build()


def _check(folder: Path, config: dict[str, Any]) -> None:
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    found = {
        "model_type": (config.get("model_type"), MODEL_TYPES),
        "hidden_act": (config.get("hidden_act", "silu"), ("silu",)),
        "rope_type": (rope.get("rope_type") or rope.get("type") or "default", ("default",)),
        "use_sliding_window": (bool(config.get("use_sliding_window")), (False,)),
    }
    for name, (value, known) in found.items():
        if value not in known:
            raise Unusable(
                f"{folder / 'config.json'}: {name} is {value!r}, and the exporter to OpenVINO knows "
                f"{', '.join(map(str, known))}: set export.engine_weights to none, or convert the model with the "
                "package optimum-intel in an environment of its own"
            )


def _ints(*values: int) -> ov.Node:
    return op.constant(np.array(values, np.int64))


def _scalar(value: int) -> ov.Node:
    return op.constant(np.array(value, np.int64))


def _floats(values: NDArray[np.float32] | float) -> ov.Node:
    return op.constant(np.array(values, np.float32))


def _input(name: str, shape: list[int], kind: type) -> ov.Node:
    node = op.parameter(shape, kind, name)
    node.output(0).set_names({name})
    return node


class _Decoder:
    """One graph under construction."""

    def __init__(self, config: dict[str, Any], checkpoint: Checkpoint, weights: WeightFormat) -> None:
        self._checkpoint, self._weights = checkpoint, weights
        self._layers, self._eps = int(config["num_hidden_layers"]), float(config["rms_norm_eps"])
        self._heads, self._kv_heads = int(config["num_attention_heads"]), int(config["num_key_value_heads"])
        self._head_dim = int(config.get("head_dim") or config["hidden_size"] // self._heads)
        rope = config.get("rope_parameters") or {}
        self._theta = float(rope.get("rope_theta") or config.get("rope_theta") or 10_000.0)
        self._tied = bool(config.get("tie_word_embeddings"))
        self._inputs = [
            _input("input_ids", [-1, -1], np.int64),
            _input("attention_mask", [-1, -1], np.int64),
            _input("position_ids", [-1, -1], np.int64),
            _input("beam_idx", [-1], np.int32),
        ]
        self._batch = op.gather(op.shape_of(self._inputs[0], "i64"), _ints(0), _scalar(0))
        self._sinks: list[ov.Node] = []

    def build(self) -> ov.Model:
        # Tables of words lose most by 4 bits and are a small part of a large model.
        table: WeightFormat = "int8" if self._weights == "int4" else self._weights
        embedding = matrix_node(self._checkpoint.read("model.embed_tokens.weight"), table)
        self._allowed = self._causal_mask()
        self._cos, self._sin = self._rotations()
        states = op.gather(embedding, self._inputs[0], _scalar(0))
        for index in range(self._layers):
            layer = f"model.layers.{index}"
            normed = self._norm(states, f"{layer}.input_layernorm")
            states = op.add(states, self._attention(normed, f"{layer}.self_attn", index))
            normed = self._norm(states, f"{layer}.post_attention_layernorm")
            states = op.add(states, self._mlp(normed, f"{layer}.mlp"))
        head = embedding if self._tied else matrix_node(self._checkpoint.read("lm_head.weight"), table)
        logits = op.result(op.matmul(self._norm(states, "model.norm"), head, False, True))
        logits.output(0).set_names({"logits"})
        model = ov.Model([logits], self._sinks, self._inputs, "decoder")
        _number_nodes(model)
        return model

    def _causal_mask(self) -> ov.Node:
        """(batch, 1, new tokens, all tokens) bool: which earlier tokens each new one sees."""
        ids, mask = self._inputs[:2]
        new = op.gather(op.shape_of(ids, "i64"), _scalar(1), _scalar(0))
        known = op.gather(op.shape_of(mask, "i64"), _scalar(1), _scalar(0))
        rows = op.unsqueeze(op.range(op.subtract(known, new), known, _scalar(1), "i64"), _scalar(1))
        columns = op.unsqueeze(op.range(_scalar(0), known, _scalar(1), "i64"), _scalar(0))
        earlier = op.unsqueeze(op.less_equal(columns, rows), _ints(0, 1))
        return op.logical_and(earlier, op.unsqueeze(op.not_equal(mask, _scalar(0)), _ints(1, 2)))

    def _rotations(self) -> tuple[ov.Node, ov.Node]:
        """Cosines and sines (batch, 1, tokens, head_dim) of the positions."""
        steps = np.arange(0, self._head_dim, 2, dtype=np.float64) / self._head_dim
        frequencies = (1.0 / self._theta**steps).astype(np.float32)[None, :, None]
        shape = op.concat([self._batch, _ints(1), _ints(1)], 0)
        spread = op.broadcast(_floats(frequencies), shape, broadcast_spec="BIDIRECTIONAL")
        positions = op.convert(op.unsqueeze(self._inputs[2], _scalar(1)), np.float32)
        angles = op.transpose(op.matmul(spread, positions, False, False), _ints(0, 2, 1))
        both = op.concat([angles, angles], -1)
        return op.unsqueeze(op.cos(both), _scalar(1)), op.unsqueeze(op.sin(both), _scalar(1))

    def _norm(self, states: ov.Node, name: str) -> ov.Node:
        mean = op.reduce_mean(op.power(states, _floats(2.0)), _ints(-1), True)
        scale = op.divide(_floats(1.0), op.sqrt(op.add(mean, _floats(self._eps))))
        return op.multiply(op.multiply(states, scale), _floats(self._checkpoint.read(f"{name}.weight")))

    def _linear(self, states: ov.Node, name: str) -> ov.Node:
        matrix = matrix_node(self._checkpoint.read(f"{name}.weight"), self._weights)
        product = op.matmul(states, matrix, False, True)
        if f"{name}.bias" not in self._checkpoint:
            return product
        return op.add(product, _floats(self._checkpoint.read(f"{name}.bias")[None, None]))

    def _mlp(self, states: ov.Node, name: str) -> ov.Node:
        gate, up = op.swish(self._linear(states, f"{name}.gate_proj")), self._linear(states, f"{name}.up_proj")
        return self._linear(op.multiply(gate, up), f"{name}.down_proj")

    def _attention(self, states: ov.Node, name: str, index: int) -> ov.Node:
        query = self._rotated(self._projected(states, name, "q", self._heads))
        key = self._rotated(self._projected(states, name, "k", self._kv_heads))
        value = self._projected(states, name, "v", self._kv_heads)
        keys, values = self._cached(key, index, "key"), self._cached(value, index, "value")
        seen = op.scaled_dot_product_attention(query, self._repeated(keys), self._repeated(values), self._allowed)
        joined = op.reshape(op.transpose(seen, _ints(0, 2, 1, 3)), _ints(0, 0, self._heads * self._head_dim), True)
        return self._linear(joined, f"{name}.o_proj")

    def _projected(self, states: ov.Node, name: str, which: str, heads: int) -> ov.Node:
        """(batch, heads, tokens, head_dim); Qwen3 norms each head's query and key."""
        split = op.reshape(self._linear(states, f"{name}.{which}_proj"), _ints(0, 0, heads, self._head_dim), True)
        if f"{name}.{which}_norm.weight" in self._checkpoint:
            split = self._norm(split, f"{name}.{which}_norm")
        return op.transpose(split, _ints(0, 2, 1, 3))

    def _rotated(self, states: ov.Node) -> ov.Node:
        half = self._head_dim // 2
        first = op.slice(states, _ints(0), _ints(half), _ints(1), _ints(3))
        second = op.slice(states, _ints(half), _ints(INT64_MAX), _ints(1), _ints(3))
        turned = op.concat([op.multiply(second, _floats(-1.0)), first], -1)
        return op.add(op.multiply(states, self._cos), op.multiply(turned, self._sin))

    def _cached(self, new: ov.Node, index: int, which: str) -> ov.Node:
        """Keys or values of all tokens so far; a variable of the graph keeps them."""
        shape = op.concat([self._batch, _ints(self._kv_heads), _ints(0), _ints(self._head_dim)], 0)
        info = VariableInfo()
        info.data_shape = ov.PartialShape([-1, self._kv_heads, -1, self._head_dim])
        info.data_type = ov.Type.f32
        info.variable_id = f"past_key_values.{index}.{which}present.{index}.{which}"
        variable = Variable(info)
        past = op.gather(op.read_value(op.broadcast(_floats(0.0), shape), variable), self._inputs[3], _scalar(0))
        whole = op.concat([past, new], 2)
        self._sinks.append(op.assign(whole, variable))
        return whole

    def _repeated(self, states: ov.Node) -> ov.Node:
        """Keys or values once for each query head that shares them."""
        if self._heads == self._kv_heads:
            return states
        shape = op.shape_of(states, "i64")
        batch, length = (op.gather(shape, _ints(axis), _scalar(0)) for axis in (0, 2))
        sizes = [_ints(self._kv_heads), _ints(self._heads // self._kv_heads), length, _ints(self._head_dim)]
        target = op.concat([batch, *sizes], 0)
        spread = op.broadcast(op.unsqueeze(states, _scalar(2)), target, broadcast_spec="BIDIRECTIONAL")
        return op.reshape(spread, _ints(0, self._heads, -1, self._head_dim), True)


def _number_nodes(model: ov.Model) -> None:
    """Names nodes by their place; a counter of the process names them otherwise, and no two files would be equal."""
    for place, node in enumerate(model.get_ordered_ops()):
        is_input = node.get_type_name() == "Parameter"  # OpenVINO's passes look for inputs by their names
        node.set_friendly_name(node.output(0).get_any_name() if is_input else f"{node.get_type_name()}_{place}")
