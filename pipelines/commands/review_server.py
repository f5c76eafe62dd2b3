"""Starts Label Studio on this machine with the review queue in it, and says how to sign in.

    make review            # = python -m pipelines.commands.review_server [--port 8080] [--no-browser]

The page opens in a browser where there is a display. Its data stays in store/runtime/label-studio: a
second start finds everything as it was. While it runs, `kefu day` and `kefu review pull` in a shell with the
two printed variables fetch what is finished. The password is printed by the first start alone, so that later ones
leave it in no terminal's history; `kefu review password` shows it.
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
from data.review.label_studio.server import (
    LocalServer,
    ServerNotStarted,
    credentials,
    has_started,
    running,
    server_key,
)
from kefu.paths import LABELS, RUNTIME
from kefu.privacy.pseudonyms import is_development
from pipelines.commands.errors import explain_errors
from pipelines.commands.review import push_queue

HELP = """
  Label Studio   {page}
  e-mail         {user}
  password       {password}

  Press "Label All Tasks" there. A second reviewer signs up with the link of Organization > Add People.

  In another shell, so that the loop finds it:
    export LABEL_STUDIO_URL={url} LABEL_STUDIO_API_KEY=$(kefu review password --token)
    kefu review pull        # takes what is finished into store/reviewed

  Ctrl-C stops the server; nothing is lost.
"""
FOLDER = RUNTIME / "label-studio"


def sign_in() -> LocalServer:
    """Password and token of the server that ``make review`` made. Raises ServerNotStarted when it has made none."""
    if not has_started(FOLDER):
        raise ServerNotStarted(f"No Label Studio in {FOLDER} yet: `make review` makes one and shows its password")
    return credentials("", server_key(FOLDER))


def _password(server: LocalServer, is_first_start: bool) -> str:
    if is_first_start:
        return f"{server.password}   (shown this once; later: `kefu review password`)"
    kept = "derives from KEFU_SECRET" if not is_development() else f"its key is in {FOLDER / 'key'}"
    return f"`kefu review password` shows it ({kept})"


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
            f"{error}. The server's data in {FOLDER} was made under another KEFU_SECRET: "
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
        is_first_start = not has_started(FOLDER)
        with explain_errors(), running(FOLDER, chosen.port, server_key(FOLDER)) as server:
            page = fill(server)
            password = _password(server, is_first_start)
            print(HELP.format(page=page, user=server.user, password=password, url=server.url), flush=True)
            if has_display() and not chosen.no_browser:
                webbrowser.open(page)
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        print("Label Studio stopped.")


if __name__ == "__main__":
    main()
