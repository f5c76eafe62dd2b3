"""Trains: base models, router, retriever, the adapter of the centre model."""

import logging

# bitsandbytes warns while it is imported that an optional inference kernel is missing; we only train with it.
logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)
