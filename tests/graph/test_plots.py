"""The page of `dvc plots show`: it needs no internet, and draws what dvc.yaml names."""

from __future__ import annotations

import csv
import shutil
from configparser import ConfigParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from dvc_render.html import render_html
from dvc_render.vega import VegaRenderer

from kefu.paths import ROOT

if TYPE_CHECKING:
    from playwright import sync_api
else:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (make lint installs it)")
CHROMIUM = next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None)


def template() -> Path:
    config = ConfigParser()
    config.read(ROOT / ".dvc/config")
    return ROOT / ".dvc" / config["plots"]["html_template"]


def test_vega_is_in_the_versions_that_dvc_names() -> None:
    named = [part.split('"')[0] for part in VegaRenderer.SCRIPTS.split("npm/")[1:]]
    page = template().read_text(encoding="utf8")
    assert len(named) == 3
    for package in named:
        name, _, version = package.partition("@")
        assert f"<script>/* {name} {version} */" in page


def test_plots_are_drawn_without_internet(tmp_path: Path) -> None:
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine (`make chromium` installs it)")
    losses = [{"step": step, "loss": 1 / (step + 1), "rev": "workspace"} for step in range(20)]
    confusion = [{"actual": a, "predicted": p, "rev": "workspace"} for a, p in csv.reader(["a,a", "a,b", "b,b"])]
    drawn = [
        VegaRenderer(losses, "loss", x="step", y="loss", template="linear"),
        VegaRenderer(confusion, "confusion", x="predicted", y="actual", template="confusion"),
    ]
    page = render_html(drawn, tmp_path / "index.html", template())
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        opened = browser.new_page()
        asked: list[str] = []
        opened.on("request", lambda request: asked.append(request.url) if request.url.startswith("http") else None)
        opened.context.set_offline(True)
        opened.goto(Path(page).as_uri())
        opened.locator("canvas.marks").nth(1).wait_for()
        errors = opened.locator("text=Error").count()
        browser.close()
    assert (asked, errors) == ([], 0)
