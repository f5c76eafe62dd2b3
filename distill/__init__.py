"""Teaches the edge model and gathers the release."""

from kefu.llm.library_warnings import silence_library_warnings

silence_library_warnings()  # here, because a stage imports what warns before it runs
