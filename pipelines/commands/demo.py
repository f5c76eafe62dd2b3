"""`make demo`: the whole loop on the SAMPLE shop, then a conversation with what came out of it.

python -m pipelines.commands.demo           # stays up with the chat page until Ctrl-C
python -m pipelines.commands.demo --once    # ends by itself, for CI
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from types import FrameType

from rich.console import Console

from kefu.paths import RAW, ROOT
from kefu.registry import releases
from pipelines.commands.demo_summary import show
from pipelines.commands.errors import explain_errors
from pipelines.commands.repro import REFUSED
from pipelines.params import load_params

CONSOLE = Console(highlight=False)


def _say(text: str) -> None:
    CONSOLE.rule(f"[bold]{text}", align="left")


def _run(*command: str) -> None:
    """Runs a step whose output the user should see; its failure ends the demo with its own message.

    A refused release is no failure: the champion of before answers.
    """
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=False)
    if done.returncode not in (0, REFUSED):
        sys.exit(f"`{' '.join(command)}` failed (exit {done.returncode}); what it said stands above")


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--once", action="store_true", help="end after the conversation")
    once = arguments.parse_args().once
    started = time.monotonic()

    if not (RAW / "shop").exists():
        _say("1/4  Writing a week of SAMPLE conversations of an invented shop")
        _run("pipelines.commands.sample")
    _say("2/4  dvc repro: from raw conversations to a promoted release (8 to 30 minutes the first time)")
    _run("pipelines.commands.repro")
    trained = time.monotonic() - started

    _say("3/4  Deploying the champion on Ray Serve, and asking it")
    # Imported here: Ray and the models are needed only once there is something to serve.
    from pipelines.commands.serve import deploy
    from serving.deploy.demo import converse

    champion = releases.champion()
    if champion is None:
        sys.exit("No release was promoted: `dvc repro` above says what fell short")
    signal.signal(signal.SIGTERM, _interrupt)
    server = deploy(load_params().serving)
    try:
        said = converse(server.url)
        _say("4/4  What happened")
        show(CONSOLE, champion, said, trained)
        if not once:
            CONSOLE.print(f"\nThe shop is open: [bold]{server.url}[/]   (Ctrl-C closes it)")
            signal.pause()
    except KeyboardInterrupt:
        CONSOLE.print("\nClosing …")
    finally:
        server.stop()


if __name__ == "__main__":
    with explain_errors():
        main()
