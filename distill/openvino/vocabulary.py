"""What the engine's grammars need to know of a tokenizer: the bytes of each token, as a detokenizer graph.

OpenVINO GenAI reads them from the constants of ``openvino_detokenizer.xml``. Control tokens have no bytes there, as
rows of the output matrix that no token belongs to: so no grammar allows them but to end.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import openvino as ov
from openvino import opset15 as op
from openvino.utils.node_factory import NodeFactory
from tokenizers import Tokenizer

from kefu.errors import Unusable

EXTENSION = "lib/libopenvino_tokenizers.so"
# GPT-2 writes bytes that are no visible character as the characters from 256 on, in their order.
VISIBLE = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
HIDDEN = [byte for byte in range(256) if byte not in set(VISIBLE)]
BYTE_OF = {chr(byte): byte for byte in VISIBLE} | {chr(256 + place): byte for place, byte in enumerate(HIDDEN)}


def token_bytes(tokenizer: Tokenizer, vocab_size: int) -> list[bytes]:
    """The bytes of each id; empty where it is a control token, or none.

    Args:
        vocab_size: width of the model's logits.

    Raises:
        Unusable: the tokenizer is not a byte-level BPE.
    """
    found = [b""] * vocab_size
    try:
        for token, token_id in tokenizer.get_vocab(with_added_tokens=False).items():
            found[token_id] = bytes(BYTE_OF[char] for char in token)
    except KeyError as error:
        raise Unusable(
            f"tokenizer: {token!r} is not written in bytes as of GPT-2, so OpenVINO's grammars cannot use it: name a "
            "model of the ChatML family"
        ) from error
    for token_id in tokenizer.get_added_tokens_decoder():
        found[token_id] = b""
    return found


def write_detokenizer(tokenizer: Tokenizer, vocab_size: int, path: Path) -> None:
    """Writes the graph: token ids (batch, tokens) → text (batch), of tokens as ``token_bytes`` has them."""
    factory = _tokenizer_operations()
    vocabulary = token_bytes(tokenizer, vocab_size)
    ends = np.cumsum([len(token) for token in vocabulary]).astype(np.int32)
    chars = np.frombuffer(b"".join(vocabulary), np.uint8)
    strings = [np.concatenate([[0], ends[:-1]]).astype(np.int32), ends, chars]
    ids = op.parameter([-1, -1], np.int64, name="ids")
    inputs = [op.convert(ids, np.int32).output(0), *(op.constant(array).output(0) for array in strings)]
    decoded = factory.create("VocabDecoder", inputs)
    decoded.set_friendly_name("VocabDecoder")
    *ragged, text = decoded.outputs()
    fused = factory.create("FuzeRagged", ragged).outputs()
    packed = op.string_tensor_pack(*fused, text)
    packed.output(0).tensor.set_names({"string_output"})
    model = ov.Model([packed], [ids], "detokenizer")
    for number, node in enumerate(model.get_ordered_ops()):
        node.set_friendly_name(f"{node.get_type_name()}_{number}")  # counters of the process would change the bytes
    ov.save_model(model, path, compress_to_fp16=False)


@cache
def _tokenizer_operations() -> NodeFactory:
    """Operations of OpenVINO's tokenizers; their library must outlive every graph that has them."""
    package = find_spec("openvino_tokenizers")  # not imported: that would change OpenVINO for the whole process
    assert package and package.submodule_search_locations
    factory = NodeFactory()
    factory.add_extension(Path(package.submodule_search_locations[0]) / EXTENSION)
    return factory
