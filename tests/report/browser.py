"""A real Chromium without a window, driven over a pair of pipes by its DevTools protocol; it has no network."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import F_DUPFD, fcntl
from pathlib import Path
from select import select
from time import monotonic
from typing import Any

from tests.until import PATIENCE_SECONDS

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)


class Page:
    """One tab: what it did, and what it shows."""

    def __init__(self, send: int, receive: int) -> None:
        self._send, self._receive = send, receive
        self._number, self._session, self._rest = 0, "", b""
        self.complaints: list[str] = []
        """What the page wrote to the console, and what its policy or a fault of its own stopped."""
        self.requests: list[str] = []

    def _attach(self) -> None:
        target = self.do("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.do("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "Security"):
            self.do(f"{domain}.enable")

    def do(self, method: str, **params: Any) -> Any:
        """Call a method and return its result; events that come meanwhile are noted."""
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": params}
        message |= {"sessionId": self._session} if self._session else {}
        os.write(self._send, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def _next(self) -> dict[str, Any]:
        deadline = monotonic() + PATIENCE_SECONDS
        while b"\0" not in self._rest:
            if not select([self._receive], [], [], max(0, deadline - monotonic()))[0]:
                raise TimeoutError("the browser does not answer")
            if not (part := os.read(self._receive, 1 << 20)):
                raise EOFError("the browser has ended")
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        self._note(message.get("method", ""), message.get("params", {}))
        return message

    def _note(self, event: str, params: dict[str, Any]) -> None:
        if event in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
            self.complaints.append(json.dumps(params))
        if event == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])

    def open(self, file: Path, *, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """Open a file and wait until it has loaded."""
        self.complaints, self.requests = [], []
        phone = width < 600
        self.do("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.do("Emulation.setEmulatedMedia", features=[scheme])
        self.do("Page.navigate", url=file.resolve().as_uri())
        while self._next().get("method") != "Page.loadEventFired":
            pass
        self.value("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def value(self, script: str) -> Any:
        """What a script in the page returns, as a value; a promise is waited for."""
        done = self.do("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in done:
            raise RuntimeError(done["exceptionDetails"])
        return done["result"].get("value")

    def press(self, key: str, code: int) -> None:
        """Press and release a key."""
        text = {"Enter": "\r", " ": " "}.get(key, "")
        for kind in ("keyDown", "keyUp"):
            typed = {"text": text} if text and kind == "keyDown" else {}
            self.do("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **typed)

    def picture(self, file: Path, *, whole: bool = True) -> None:
        """Write a PNG of the page, or of what the window shows of it."""
        data = self.do("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        file.write_bytes(base64.b64decode(data))

    def paper(self) -> bytes:
        """The page as it would be printed: a PDF."""
        return base64.b64decode(self.do("Page.printToPDF", printBackground=True)["data"])


@contextmanager
def browser(profile: Path) -> Iterator[Page]:
    """A page of a browser of its own, whose profile is ``profile``; the browser ends with the block."""
    to_browser, send = os.pipe()
    receive, from_browser = os.pipe()

    def wire() -> None:
        above = [fcntl(end, F_DUPFD, 64) for end in (to_browser, from_browser)]
        for end, wanted in zip(above, (3, 4), strict=True):
            os.dup2(end, wanted)

    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe"]
    options += ["--disable-extensions", "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND"]
    command = [CHROMIUM, *options, f"--user-data-dir={profile}", "about:blank"]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        command, preexec_fn=wire, close_fds=False, stdin=quiet, stdout=quiet, stderr=quiet
    ) as process:
        os.close(to_browser)
        os.close(from_browser)
        try:
            page = Page(send, receive)
            page._attach()
            yield page
            page._session = ""
            page.do("Browser.close")
            process.wait(PATIENCE_SECONDS)
        finally:
            os.close(send)
            os.close(receive)
            process.kill()
