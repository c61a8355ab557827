"""A headless Chromium, driven over its DevTools protocol."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-dev-shm-usage", "--disable-features=IsolateSandboxedIframes",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--mute-audio",
    "--autoplay-policy=no-user-gesture-required", "--remote-debugging-port=0",
)  # fmt: skip
#: Seconds to wait for the browser, or for something to come true in a page.
PATIENCE = 60


def chromium() -> str:
    """Return the path of a browser; without one fail in continuous integration, skip elsewhere."""
    named = os.environ.get("CHROMIUM")
    found = shutil.which(named) if named else next(filter(None, map(shutil.which, NAMES)), None)
    if found:
        return found
    missing = "the report is tested in Chromium, and there is none: apt-get install chromium, or set CHROMIUM"
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


class Page:
    """One page of the browser."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self.events: list[dict[str, Any]] = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol; events that come meanwhile are kept."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=PATIENCE))
            if message.get("id") == number:
                assert "error" not in message, message["error"]
                return dict(message["result"])
            self.events.append(message)

    def run(self, script: str) -> Any:
        """Return the value of an expression in the page."""
        done = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def until(self, script: str) -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self.run(f"Boolean({script})"):
                return
            time.sleep(0.05)
        raise AssertionError(f"never came true: {script}")

    def open(self, path: pathlib.Path, ready: str = "document.readyState === 'complete'") -> None:
        """Open a file and wait for it."""
        self.events.clear()
        self.call("Page.navigate", url=path.as_uri())
        self.until(f"location.href.endsWith({json.dumps(path.name)}) && {ready}")

    def press(self, key: str) -> None:
        """Press and let go of a key."""
        text = {"Enter": "\r", " ": " "}.get(key, "")
        code = {"Enter": 13, " ": 32, "ArrowRight": 39, "ArrowLeft": 37, "Escape": 27, "Tab": 9}[key]
        known = {"key": key, "windowsVirtualKeyCode": code, "code": "Space" if key == " " else key}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **known)
        self.call("Input.dispatchKeyEvent", type="keyUp", **known)

    def point(self, selector: str, kind: str = "mouseMoved", **more: Any) -> None:
        """Move the pointer over the middle of an element."""
        box = self.run(
            f"(() => {{ const node = document.querySelector({json.dumps(selector)});"
            "node.scrollIntoView({block: 'center'}); const box = node.getBoundingClientRect();"
            "return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        self.call("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], **more)

    def click(self, selector: str) -> None:
        """Press an element."""
        self.point(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self.point(selector, kind, button="left", clickCount=1)

    def size(self, width: int, height: int) -> None:
        """Set the size of the window in pixels."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **size)

    def prefer(self, **features: str) -> None:
        """Set preferences: ``prefers_color_scheme="dark"``."""
        named = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.call("Emulation.setEmulatedMedia", features=named)

    def screenshot(self, path: pathlib.Path, whole: bool = False) -> None:
        """Write a PNG of the window, or of the whole page."""
        taken = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(taken["data"]))

    def pdf(self, path: pathlib.Path) -> None:
        """Print into a file."""
        printed = self.call("Page.printToPDF", printBackground=False)
        path.write_bytes(base64.b64decode(printed["data"]))

    def requests(self) -> list[str]:
        """Return the addresses asked for since the page was opened, data inside it left out."""
        asked = (one for one in self.events if one["method"] == "Network.requestWillBeSent")
        return [url for one in asked if not (url := str(one["params"]["request"]["url"])).startswith("data:")]

    def complaints(self) -> list[str]:
        """Return what the console was told: errors, exceptions and refusals of the page's policy."""
        self.run("0")
        told = []
        for one in self.events:
            given = one["params"]
            if one["method"] == "Log.entryAdded" and given["entry"]["level"] in ("error", "warning"):
                told.append(str(given["entry"]["text"]))
            elif one["method"] == "Runtime.exceptionThrown":
                told.append(str(given["exceptionDetails"].get("exception", {}).get("description")))
            elif one["method"] == "Runtime.consoleAPICalled" and given["type"] in ("error", "warning"):
                told.append(" ".join(str(part.get("value")) for part in given["args"]))
        return told


@contextlib.contextmanager
def browsing(folder: pathlib.Path) -> Iterator[Page]:
    """Run a browser with a profile in a folder, and give its page."""
    command = [chromium(), *FLAGS, f"--user-data-dir={folder / 'profile'}", "about:blank"]
    with (folder / "chromium.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        with connect(_address(folder / "profile", process), max_size=None, proxy=None) as socket:
            yield Page(socket)
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _address(profile: pathlib.Path, process: subprocess.Popen[bytes]) -> str:
    """Return the address of the browser's first page, once there is one."""
    import httpx

    port, end = profile / "DevToolsActivePort", time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        if port.exists() and len(lines := port.read_text().split("\n")) > 1:
            listed = httpx.get(
                f"http://127.0.0.1:{lines[0]}/json/list", trust_env=False, timeout=PATIENCE
            ).json()
            pages = [one["webSocketDebuggerUrl"] for one in listed if one["type"] == "page"]
            if pages:
                return str(pages[0])
        time.sleep(0.05)
    raise AssertionError(f"Chromium did not start; see {profile.parent / 'chromium.log'}")
