"""A headless Chromium that looks at a page and writes down what the page asks for."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Nothing outside can be reached: what the page would ask of others is seen, and fails.
_OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--enable-unsafe-swiftshader",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
    "--proxy-server=http://127.0.0.1:9",
    "--proxy-bypass-list=127.0.0.1;localhost",
)
PATIENCE_S = 180.0


def program() -> str | None:
    """Where Chromium is, if it is installed."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One tab. `requests`: every address that the page asked for, sockets included."""

    def __init__(self, folder: Path, width: int = 1000, height: int = 600) -> None:
        from websockets.sync.client import connect

        path = program()
        assert path is not None
        options = (*_OPTIONS, f"--user-data-dir={folder}", f"--window-size={width},{height}")
        self._process = subprocess.Popen(
            [path, *options, "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.requests: list[str] = []
        self.console: list[str] = []
        self._count = 0
        tab = self._tab(folder / "DevToolsActivePort")
        self._socket = connect(tab, max_size=None, proxy=None, ping_interval=None)
        for domain in ("Network", "Page", "Runtime"):
            self._call(f"{domain}.enable")
        # The page's socket is opened by a worker: that one is listened to as well.
        waits = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}
        self._call("Target.setAutoAttach", **waits)
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._call("Emulation.setDeviceMetricsOverride", **size)

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends; safe to repeat."""
        self._socket.close()
        self._process.terminate()
        self._process.wait(20)

    def open(self, address: str) -> None:
        self._call("Page.navigate", url=address)

    def resize(self, width: int, height: int) -> None:
        """As a telephone has it."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": True}
        self._call("Emulation.setDeviceMetricsOverride", **size)

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        found = self._call("Runtime.evaluate", expression=script, returnByValue=True)
        return found["result"].get("value")

    def text(self) -> str:
        return str(self.run("document.body.innerText"))

    def picture(self) -> np.ndarray:
        """What is seen, H x W x 3 BGR."""
        found = self._call("Page.captureScreenshot", format="png")
        data = np.frombuffer(base64.b64decode(found["data"]), np.uint8)
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))

    def click(self, words: str) -> None:
        """Clicks on the innermost thing that says exactly this."""
        place = self.run(
            "(() => { const all = [...document.querySelectorAll('*')].filter("
            f"e => e.innerText && e.innerText.trim() === {json.dumps(words)} && e.offsetParent);"
            "const r = all[all.length - 1].getBoundingClientRect();"
            "return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        self.press(*place)

    def press(self, x: float, y: float) -> None:
        for kind in ("mousePressed", "mouseReleased"):
            where = {"x": x, "y": y, "button": "left", "clickCount": 1}
            self._call("Input.dispatchMouseEvent", type=kind, **where)

    def type(self, text: str) -> None:
        self._call("Input.insertText", text=text)

    def key(self, name: str) -> None:
        code = {"Enter": 13}.get(name, 0)
        for kind in ("keyDown", "keyUp"):
            text = {"text": "\r"} if name == "Enter" and kind == "keyDown" else {}
            where = {"key": name, "windowsVirtualKeyCode": code, **text}
            self._call("Input.dispatchKeyEvent", type=kind, **where)

    def wait_for(self, condition: Callable[[], Any], what: str) -> None:
        until = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < until, f"waited for {what}; the page says:\n{self.text()}"
            time.sleep(0.1)

    def _call(self, method: str, **given: Any) -> Any:
        self._count += 1
        self._socket.send(json.dumps({"id": self._count, "method": method, "params": given}))
        while True:
            answer = json.loads(self._socket.recv(PATIENCE_S))
            if answer.get("id") == self._count:
                assert "error" not in answer, answer
                return answer["result"]
            self._note(answer)

    def _note(self, event: Any) -> None:
        method, given = event.get("method"), event.get("params", {})
        if method == "Target.attachedToTarget":
            for wanted in ("Network.enable", "Runtime.runIfWaitingForDebugger"):
                told = {"id": 0, "method": wanted, "sessionId": given["sessionId"]}
                self._socket.send(json.dumps(told))
        elif method == "Network.requestWillBeSent":
            self.requests.append(given["request"]["url"])
        elif method == "Network.webSocketCreated":
            self.requests.append(given["url"])
        elif method in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
            self.console.append(json.dumps(given)[:500])

    @staticmethod
    def _tab(file: Path) -> str:
        until = time.monotonic() + PATIENCE_S
        while not (file.is_file() and file.read_text().strip()):
            assert time.monotonic() < until, "Chromium did not start"
            time.sleep(0.05)
        port = file.read_text().split()[0]
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{port}/json") as answer:
            tabs = json.load(answer)
        return str(next(tab for tab in tabs if tab["type"] == "page")["webSocketDebuggerUrl"])
