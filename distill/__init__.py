"""Teaches the edge model and gathers the release."""

import logging

# bitsandbytes warns while PEFT imports it that an optional kernel is missing; nothing here uses it.
logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)
