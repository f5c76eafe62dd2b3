"""Teaches the edge model and gathers the release."""

import logging
import warnings

# bitsandbytes warns while PEFT imports it that an optional kernel is missing; nothing here uses it.
logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)
# transformers renamed `gradient_checkpointing`; PEFT and TRL still use the old name, and we cannot change them.
warnings.filterwarnings("ignore", message=".*gradient_checkpointing.*", category=FutureWarning)
