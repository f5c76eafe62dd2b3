"""How commands end when something is wrong that the user can mend."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from kefu.errors import KefuError


@contextmanager
def explain_errors(prefix: str = "") -> Iterator[None]:
    """Ends the process with one line on stderr and code 1 at a KefuError; any other error is a defect and passes.

    Args:
        prefix: what stands before the error's own message.
    """
    try:
        yield
    except KefuError as error:
        typer.secho(f"{prefix}{error}", fg="red", err=True)
        sys.exit(1)
