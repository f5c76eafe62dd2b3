"""Detectors of personal data, one family a file; ``kefu/privacy/redact.py`` puts them together.

Each module offers ``find(text) -> Iterator[Found]`` on folded text (see ``base.fold``). Every pattern
is linear in the text's length: bounded repetition only, and none nested in another.
"""
