"""Deploys the champion and stays up until Ctrl-C: ``python -m pipelines.commands.serve``."""

from __future__ import annotations

import signal
from types import FrameType

from kefu.registry import releases
from pipelines.commands.errors import explain_errors
from pipelines.params import load_params
from serving.deploy.launch import CannotServe, Server, start
from serving.params import Serving


def deploy(serving: Serving) -> Server:
    """Serves what the alias ``champion`` names, if it is what the registry says it is."""
    champion = releases.champion()
    if champion is None:
        raise CannotServe("There is no champion yet: `make demo` or `dvc repro` makes and promotes one")
    folder = releases.download_release(champion.version)
    return start(folder, serving, version=str(champion.version), content_hash=champion.content_hash)


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> None:
    signal.signal(signal.SIGTERM, _stop)
    print("Starting …", flush=True)
    with explain_errors("Not started: "):
        server = deploy(load_params().serving)
    try:
        print(f"Kefu serves release {server.plan.version}: {server.url}   (Ctrl-C stops it)", flush=True)
        signal.pause()
    except KeyboardInterrupt:
        print("Stopping …", flush=True)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
