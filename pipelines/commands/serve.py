"""Deploys the champion and stays up until Ctrl-C: ``python -m pipelines.commands.serve``.

SIGUSR1 deploys what is the champion by then, without a pause: ``kill -USR1`` its process.
"""

from __future__ import annotations

import signal
from pathlib import Path
from queue import SimpleQueue
from types import FrameType

from evaluation.gate import flat
from kefu.errors import KefuError
from kefu.io import read_json
from kefu.paths import PROMOTION, RELEASE
from kefu.registry import releases
from kefu.registry.seal import verify
from pipelines.commands.errors import explain_errors
from pipelines.params import load_params
from pipelines.promote import reports
from serving.deploy.launch import CannotServe, Server, start
from serving.params import Serving


def deploy(serving: Serving) -> Server:
    """Serves what the alias ``champion`` names, if it is what the registry says it is."""
    folder, champion = _champion()
    return start(folder, serving, version=str(champion.version), content_hash=champion.content_hash)


def _champion() -> tuple[Path, releases.ChampionInfo]:
    """Its folder, and what the registry says of it."""
    champion = releases.champion() or adopt_release()
    if champion is None:
        raise CannotServe("There is no champion yet: `make demo` or `dvc repro` makes and promotes one")
    return releases.download_release(champion.version), champion


def adopt_release() -> releases.ChampionInfo | None:
    """Makes the release of the store the champion of an empty registry, if it passed its gate.

    So a clone that pulled the store serves without a registry that is shared. Raises TamperedRelease.
    """
    if releases.versions() or not PROMOTION.exists() or read_json(PROMOTION)["verdict"] != "pass":
        return None
    challenger, _ = reports()
    verify(RELEASE, challenger.version)
    releases.promote(releases.register(RELEASE, flat(challenger)))
    print("This registry was empty: store/release, which passed its gate, is its champion now")
    return releases.champion()


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _update(server: Server) -> None:
    """Follows the champion; what cannot be served leaves the release before in its place."""
    try:
        folder, champion = _champion()
        server.update(folder, str(champion.version), champion.content_hash)
    except KefuError as error:
        print(f"Not updated, release {server.plan.version} goes on: {error}", flush=True)
    else:
        print(f"Kefu serves release {server.plan.version}", flush=True)


def main() -> None:
    updates: SimpleQueue[None] = SimpleQueue()
    signal.signal(signal.SIGUSR1, lambda *_: updates.put(None))
    signal.signal(signal.SIGTERM, _stop)
    print("Starting …", flush=True)
    with explain_errors("Not started: "):
        server = deploy(load_params().serving)
    try:
        print(f"Kefu serves release {server.plan.version}: {server.url}   (Ctrl-C stops it)", flush=True)
        while True:
            updates.get()
            _update(server)
    except KeyboardInterrupt:
        print("Stopping …", flush=True)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
