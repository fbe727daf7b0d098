"""A Chromium without a screen, driven by the WebDriver protocol over its own driver.

It must know nothing of the page that it is shown. W3C WebDriver; the logs of the network and of the
console are Chromium's own addition to it.
"""

import base64
import json
import socket
import subprocess
import time
import urllib.error
import urllib.request

#: Seconds to wait for one answer of the driver.
TIMEOUT = 60
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Browser:
    """One window of one browser with an empty profile; `quit` ends it."""

    def __init__(self, folder, width=1280, height=900):
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.log = open(folder / "chromedriver.log", "wb")
        self.driver = subprocess.Popen(
            ["chromedriver", f"--port={port}"], stdout=self.log, stderr=self.log, cwd=folder
        )
        self.session = None
        try:
            self._wait_for_driver()
            self._open(width, height)
        except BaseException:
            self.quit()
            raise

    def _wait_for_driver(self):
        end = time.monotonic() + 30
        while True:
            try:
                self.ask("GET", "/status")
                return
            except OSError:
                if time.monotonic() > end or self.driver.poll() is not None:
                    raise
                time.sleep(0.2)

    def _open(self, width, height):
        arguments = [
            "--headless=new",
            # Chromium refuses its sandbox to root; the only page that is opened is this server's.
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            f"--window-size={width},{height}",
            f"--user-data-dir={self.folder / 'profile'}",
            # Whatever was asked of elsewhere would fail, and be seen.
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        ]
        wanted = {
            "browserName": "chrome",
            "goog:chromeOptions": {"args": arguments, "binary": "/usr/bin/chromium"},
            "goog:loggingPrefs": {"performance": "ALL", "browser": "ALL"},
        }
        opened = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.session = opened["sessionId"]
        self.version = opened["capabilities"]["browserVersion"]
        # What its first window of its own asks for is nobody's matter.
        self.open("about:blank")
        self.requests()

    def ask(self, method, path, body=None):
        """One command of the protocol: its value; RuntimeError in the driver's words."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, method=method)
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as refused:
            told = json.load(refused)["value"]
            raise RuntimeError(f"{told['error']}: {told['message'].splitlines()[0]}") from None

    def do(self, method, path, body=None):
        """One command of this window's."""
        return self.ask(method, f"/session/{self.session}{path}", body)

    def open(self, url):
        """Goes to an address and waits until it is loaded."""
        self.do("POST", "/url", {"url": url})

    def run(self, script, *arguments):
        """What a piece of JavaScript returns."""
        return self.do("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def find(self, selector):
        """The first element that a selector of CSS names."""
        return self.do("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def click(self, selector):
        """Clicks as a person does: it must be there, seen, and not covered."""
        self.do("POST", f"/element/{self.find(selector)}/click", {})

    def type(self, selector, text):
        """Types into a field, which is emptied before."""
        element = self.find(selector)
        self.do("POST", f"/element/{element}/clear", {})
        self.do("POST", f"/element/{element}/value", {"text": text})

    def text(self, selector):
        """The text of an element as it is shown; empty where there is none."""
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def size(self, width, height):
        """Makes the window as large as a device's."""
        self.do("POST", "/window/rect", {"width": width, "height": height})

    def picture(self, file):
        """Keeps what is seen, as PNG."""
        file.write_bytes(base64.b64decode(self.do("GET", "/screenshot")))

    def requests(self):
        """The addresses asked for since the last call, as Chromium's network tells them."""
        seen = []
        for entry in self.do("POST", "/se/log", {"type": "performance"}):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                seen.append(message["params"]["request"]["url"])
        return seen

    def complaints(self):
        """What the console says at the level of errors and warnings since the last call."""
        entries = self.do("POST", "/se/log", {"type": "browser"})
        return [e["message"] for e in entries if e["level"] in ("SEVERE", "WARNING")]

    def quit(self):
        """Ends browser and driver, which this program started."""
        try:
            if self.session:
                self.do("DELETE", "")
        except (OSError, RuntimeError):
            # A browser that broke; the driver is ended all the same.
            pass
        finally:
            self.driver.terminate()
            try:
                self.driver.wait(20)
            except subprocess.TimeoutExpired:
                self.driver.kill()
                self.driver.wait()
            self.log.close()
