"""Starts Label Studio on this machine with the review queue in it, and says how to sign in.

    make review            # = python -m pipelines.commands.review_server [--port 8080] [--no-browser]

The page opens in a browser where there is a display. Its data stays in store/runtime/label-studio: a
second start finds everything as it was. While it runs, `kefu day` and `kefu review pull` in a shell with the
two printed variables fetch what is finished.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import time
import webbrowser

from data.review.label_studio.client import StudioUnavailable
from data.review.label_studio.server import LocalServer, ServerNotStarted, running, server_key
from kefu.paths import LABELS, RUNTIME
from pipelines.commands.errors import explain_errors
from pipelines.commands.review import push_queue

HELP = """
  Label Studio   {page}
  e-mail         {user}
  password       {password}

  Press "Label All Tasks" there. A second reviewer signs up with the link of Organization > Add People.

  In another shell, so that the loop finds it:
    export LABEL_STUDIO_URL={url} LABEL_STUDIO_API_KEY={token}
    kefu review pull        # takes what is finished into store/reviewed

  Ctrl-C stops the server; nothing is lost.
"""


def fill(server: LocalServer) -> str:
    """Pushes the queue, if a loop has made one; the address to open."""
    os.environ.update(LABEL_STUDIO_URL=server.url, LABEL_STUDIO_API_KEY=server.token)
    if not (LABELS / "queue.jsonl").exists():
        print("No review queue yet: run `dvc repro autolabel`, then `kefu review push`.")
        return server.url
    try:
        done, page = push_queue()
    except StudioUnavailable as error:
        raise ServerNotStarted(
            f"{error}. The server's data in {RUNTIME / 'label-studio'} was made under another KEFU_SECRET: "
            "set that one (or none, if it was none), or move the folder away"
        ) from error
    print(f"{done.new} new tasks pushed, {done.refreshed} open ones refreshed")
    return page


def has_display() -> bool:
    """Whether a browser window can open; without one, Python would start a text browser in this terminal."""
    return sys.platform in ("darwin", "win32") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))


def main() -> None:
    arguments = argparse.ArgumentParser(description="Label Studio with the review queue")
    arguments.add_argument("--port", type=int, default=8080)
    arguments.add_argument("--no-browser", action="store_true")
    chosen = arguments.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended by a supervisor: stop Label Studio, too
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    print("Starting Label Studio (the first start takes about a minute) …", flush=True)
    try:
        folder = RUNTIME / "label-studio"
        with explain_errors(), running(folder, chosen.port, server_key(folder)) as server:
            page = fill(server)
            print(HELP.format(page=page, **vars(server)), flush=True)
            if has_display() and not chosen.no_browser:
                webbrowser.open(page)
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        print("Label Studio stopped.")


if __name__ == "__main__":
    main()
