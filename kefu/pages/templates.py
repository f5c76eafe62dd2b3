"""The pages that people open from a file: one look, both languages, no script, nothing loaded from elsewhere.

A page's template lies beside the code that fills it. It extends ``base.html.j2`` and imports ``parts.html.j2``; its
own style is what no other page needs. Whatever it shows is escaped: customers and models wrote it.
"""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, Template

SHARED = ("base.html.j2", "base.css", "parts.html.j2")  # named, so that they count in the fingerprints of stages


def load_template(folder: Path, name: str) -> Template:
    """The template ``name`` of ``folder``, which may use those that all pages share."""
    loader = FileSystemLoader([folder, Path(__file__).parent])
    environment = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template(name)
