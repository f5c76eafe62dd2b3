"""Trains: base models, router, retriever, the adapter of the centre model."""

from kefu.llm.library_warnings import silence_library_warnings

silence_library_warnings()  # here, because a stage imports what warns before it runs
