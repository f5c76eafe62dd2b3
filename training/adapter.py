"""The LoRA adapter (Hu et al. 2021, arXiv:2106.09685): new, or the champion's, continued.

Continuing is what makes the loop incremental: each day's training starts where the last promoted one
ended. It is only sound on the very same base weights, so the champion's manifest must name the content
hash of ours; otherwise training starts anew and says why. Another shape is an error: it is a choice of the params.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path

from peft import LoraConfig, PeftConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, PreTrainedModel, set_seed
from transformers.utils import logging as transformers_logging

from kefu.errors import Unusable
from kefu.finite import check_weights
from kefu.io import atomic_dir, read_json, write_json
from kefu.llm.base_models import BaseModel, copy_tokenizer
from kefu.registry.seal import read_manifest
from training import quantized
from training.params.finetune import Finetune

logger = logging.getLogger(__name__)
CONFIG = "adapter_config.json"
COUNTS = "training.json"
SHAPE = ("r", "lora_alpha", "target_modules", "layers_to_transform")


def lora(model: PreTrainedModel, base: BaseModel, params: Finetune) -> LoraConfig:
    """The shape of the adapter that the params ask for.

    Raises:
        Unusable: the model has fewer layers than are to be adapted.
    """
    layers, adapted = model.config.num_hidden_layers, params.adapted_layers
    if adapted > layers:
        raise Unusable(f"finetune.adapted_layers: {adapted}, but {base.ref.name} has {layers} layers: 0 adapts all")
    return LoraConfig(
        r=params.rank,
        lora_alpha=params.alpha,
        lora_dropout=params.dropout,
        target_modules=list(base.facts.lora_targets),
        layers_to_transform=list(range(layers - adapted, layers)) if adapted else None,
        task_type="CAUSAL_LM",
    )


def is_of_base(champion: Path, base: BaseModel) -> bool:
    """Whether the champion's adapter was trained on these very weights.

    Args:
        champion: release folder.
    """
    theirs = read_manifest(champion).base["centre"].content_hash
    if theirs != base.ref.content_hash:
        logger.warning(
            "the champion's adapter stands on another base (%s, ours is %s)", theirs[:12], base.ref.content_hash[:12]
        )
    return theirs == base.ref.content_hash


def check_shape(champion: Path, wanted: LoraConfig) -> None:
    """Raises Unusable when the params ask for another adapter than the champion's: all it learned would be lost."""
    config = read_json(champion / "adapter" / CONFIG)
    ours = {name: getattr(wanted, name) for name in SHAPE}
    found = {name: config.get(name) for name in SHAPE}
    for shape in (ours, found):
        shape["target_modules"] = sorted(shape["target_modules"])
    if found != ours:
        raise Unusable(
            "finetune.rank, finetune.alpha, finetune.adapted_layers: the champion's adapter has another shape "
            f"({found}) than the params ask for ({ours}), so it cannot be continued: put the old values back, or set "
            "finetune.from_champion to false to train a new adapter, without what the champion learned"
        )


def attach(model: PreTrainedModel, base: BaseModel, params: Finetune, champion: Path | None) -> tuple[PeftModel, bool]:
    """The model with a trainable adapter, and whether it continues the champion's.

    Raises:
        Unusable: see ``lora`` and ``check_shape``.
    """
    set_seed(params.seed)
    wanted = lora(model, base, params)
    if champion is None or not params.from_champion or not is_of_base(champion, base):
        logger.info("training a new adapter: there is no champion to continue")
        return get_peft_model(model, wanted), False
    check_shape(champion, wanted)
    logger.info("continuing the champion's adapter")
    config = PeftConfig.from_pretrained(str(champion / "adapter"))
    config.lora_dropout = params.dropout  # of today's training; the champion's own would be taken silently
    return PeftModel.from_pretrained(model, champion / "adapter", is_trainable=True, config=config), True


def save(model: PeftModel, base: BaseModel, folder: Path, counts: Mapping[str, float] | None = None) -> None:
    """Writes adapter weights and config; equal training gives equal bytes, on any machine's paths.

    Args:
        counts: what it was trained on, for the release; None: not told.

    Raises:
        NotFinite: a trained weight is NaN or infinite. The folder is left as it was.
    """
    trained = {name: weight.detach() for name, weight in model.named_parameters() if weight.requires_grad}
    check_weights("finetune: the trained adapter", trained, "lower finetune.learning_rate and run the stage again")
    with atomic_dir(folder) as temporary:
        # "auto" would ask the hub whether the vocabulary grew; ours never does.
        model.save_pretrained(str(temporary), safe_serialization=True, save_embedding_layers=False)
        (temporary / "README.md").unlink(missing_ok=True)  # a model card template with nothing filled in
        config = json.loads((temporary / CONFIG).read_text(encoding="utf8"))
        config["base_model_name_or_path"] = base.ref.name
        config["revision"] = base.ref.revision
        config["target_modules"] = sorted(config["target_modules"])
        write_json(temporary / CONFIG, config)
        if counts is not None:
            write_json(temporary / COUNTS, dict(counts))


def load_trained(base: BaseModel, adapter: Path, params: Finetune) -> PeftModel:
    """The base as fine-tuning loads it, in 4 bit when the params say so, with the adapter that it trained."""
    return PeftModel.from_pretrained(quantized.load(base, params), str(adapter))


def load_apart(base: BaseModel, adapter: Path) -> PeftModel:
    """The base in its own precision with a trained adapter, not merged: what multi-adapter serving runs.

    The base is read in full precision, because dequantized NF4 would carry the rounding error of every weight into
    what is merged, and the adapter does not correct that.
    """
    transformers_logging.disable_progress_bar()
    model = AutoModelForCausalLM.from_pretrained(
        base.folder, dtype="auto", device_map={"": 0} if quantized.on_gpu() else {"": "cpu"}
    )
    return PeftModel.from_pretrained(model, str(adapter))


def merge(model: PeftModel, base: BaseModel, out: Path) -> PreTrainedModel:
    """Merges the adapter, writes the model as a Hugging Face folder with its tokenizer, and returns it.

    What is served is one plain model: no PEFT, no quantization.

    Args:
        model: of ``load_apart``; it is merged in place.

    Raises:
        NotFinite: a merged weight is NaN, or too large for the base's precision. Nothing is written.
    """
    merged: PreTrainedModel = model.merge_and_unload()
    check_weights("export: base with adapter", merged.state_dict(), "run dvc repro -f base, then dvc repro -f finetune")
    merged.save_pretrained(out)
    copy_tokenizer(base.folder, out)
    return merged
