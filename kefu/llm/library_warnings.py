"""Warnings of libraries that concern nobody here."""

import logging
import warnings


def silence_library_warnings() -> None:
    """Silences three of them; call it before PEFT or TRL is imported."""
    # bitsandbytes warns while it is imported that an optional inference kernel is missing; we only train with it.
    logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)
    # transformers renamed `gradient_checkpointing`; PEFT and TRL still use the old name, and we cannot change them.
    warnings.filterwarnings("ignore", message=".*gradient_checkpointing.*", category=FutureWarning)
    # TRL's losses for distillation are experimental; the lock file pins their version.
    warnings.filterwarnings("ignore", message=".*trl.experimental.*")
