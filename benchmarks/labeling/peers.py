"""The peers, installed on the first run into ``.venv/peers/labeling`` and importable after ``ready``.

They stand at the end of the import path, so none of them replaces a package of Kefu's own environment.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from kefu.paths import ROOT

FOLDER = ROOT / ".venv/peers/labeling/packages"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")


def ready() -> None:
    """Raises CalledProcessError when the packages cannot be installed."""
    done = FOLDER / "installed"
    if not done.exists() or done.read_text(encoding="utf8") != REQUIREMENTS.read_text(encoding="utf8"):
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--upgrade", "--target", str(FOLDER)]
        subprocess.run([*command, "-r", str(REQUIREMENTS)], check=True)
        done.write_text(REQUIREMENTS.read_text(encoding="utf8"), encoding="utf8")
    sys.path.append(str(FOLDER))
