"""Deploys the champion and stays up until Ctrl-C: ``python -m pipelines.commands.serve``."""

from __future__ import annotations

import signal
from types import FrameType

from evaluation.gate import flat
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
    champion = releases.champion() or adopt_release()
    if champion is None:
        raise CannotServe("There is no champion yet: `make demo` or `dvc repro` makes and promotes one")
    folder = releases.download_release(champion.version)
    return start(folder, serving, version=str(champion.version), content_hash=champion.content_hash)


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
