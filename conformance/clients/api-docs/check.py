"""The documentation page of the REST API in a real browser.

It shows all operations, loads nothing from elsewhere, and sends requests that work.
"""

import json
import os
import sys
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))

from browser import Browser  # noqa: E402
from plain_dav import PlainDav  # noqa: E402
from report import Report, eventually, require, same  # noqa: E402

URL = os.environ["CENACLE_URL"]
PAGE = f"{URL}/api/docs/"
ARTEFACTS = Path(os.environ["CENACLE_ARTEFACTS"])
PASSWORD = "alice-secret"
METHODS = ("get", "post", "put", "patch", "delete")


class World:
    """The browser, and what was asked and said in it from the first page on."""

    def __init__(self):
        self.browser = Browser(Path(os.environ["CENACLE_WORK"]))
        self.asked = []
        self.said = []

    def look(self):
        """Gathers what was asked for and said since the last time."""
        self.asked += self.browser.requests()
        self.said += self.browser.complaints()

    def send(self, operation):
        """Clicks "Send" of an unfolded operation: the line with the status, and the body."""
        form = f"#{operation} form.try"
        button = f"{form} button[type=submit]"
        middle = "document.querySelector(arguments[0]).scrollIntoView({block: 'center'})"
        self.browser.run(middle, button)
        self.browser.click(button)
        status = eventually(lambda: self.browser.text(f"{form} .status"), f"answer: {operation}")
        # Once nothing more comes the button can be pressed again.
        done = "return !document.querySelector(arguments[0]).disabled"
        eventually(lambda: self.browser.run(done, button), f"end of answer: {operation}")
        return status, self.browser.text(f"{form} .answer")

    def unfold(self, operation):
        """Goes to an operation by its address."""
        self.browser.run("location.hash = arguments[0]", f"#{operation}")
        there = "return !!document.querySelector(arguments[0])"
        eventually(lambda: self.browser.run(there, f"#{operation}[open] form.try"), operation)

    def log_in_by(self, kind):
        """Chooses how the page logs in."""
        script = """
            const field = document.getElementById('kind');
            field.value = arguments[0];
            field.dispatchEvent(new Event('change'));
        """
        self.browser.run(script, kind)

    def fill(self, operation, label, value):
        """Fills the field of an operation that has this label."""
        script = """
            const labels = [...document.querySelectorAll(`#${arguments[0]} form.try label`)];
            const label = labels.find((one) => one.textContent === arguments[1]);
            const field = document.getElementById(label.htmlFor);
            field.value = arguments[2];
            field.dispatchEvent(new Event('change'));
        """
        self.browser.run(script, operation, label, value)


def page_opens(world):
    """The page comes, with the name of the program, for somebody who has no login."""
    world.browser.open(PAGE)
    eventually(lambda: "operations" in world.browser.text("#status"), "the page")
    require("Cenacle" in world.browser.text("#title"), "no title")
    world.look()
    require(f"{URL}/api/v1/openapi.json" in world.asked, f"asked: {world.asked}")


def all_operations(world):
    """Every operation and schema of the description is on the page; each can be unfolded."""
    with urllib.request.urlopen(f"{URL}/api/v1/openapi.json", timeout=30) as answer:
        description = json.load(answer)
    paths = description["paths"].items()
    wanted = {f"{m.upper()} {path}" for path, item in paths for m in METHODS if m in item}
    shown = world.browser.run(
        """return [...document.querySelectorAll('.operation')].map((one) => {
            one.open = true;
            const text = (part) => one.querySelector(part).textContent;
            return text('.method') + ' ' + text('.path');
        })"""
    )
    same(len(shown), len(wanted), "operations")
    same(set(shown), wanted, "operations")
    made = "return document.querySelectorAll('.operation form.try').length"
    eventually(lambda: world.browser.run(made) == len(wanted), "a form for each")
    schemas = world.browser.run(
        "return [...document.querySelectorAll('.schema')].map((one) => one.id.slice(7))"
    )
    same(set(schemas), set(description["components"]["schemas"]), "schemas")
    broken = world.browser.run(
        """const links = [...document.querySelectorAll('a[href^="#"]')];
        return links.map((one) => one.hash.slice(1)).filter((id) => !document.getElementById(id))"""
    )
    same(broken, [], "links that lead nowhere")
    fold = "document.querySelectorAll('.operation').forEach((one) => { one.open = false; })"
    world.browser.run(fold)


def filter_works(world):
    """Words leave only what says them."""
    world.browser.type("#filter", "busy")
    eventually(lambda: " of " in world.browser.text("#status"), "a filter")
    left = world.browser.run(
        """const all = [...document.querySelectorAll('.operation')];
        return all.filter((one) => one.offsetParent).map((one) => one.id)"""
    )
    require(left and all("freebusy" in one for one in left), f"left: {left}")
    world.browser.type("#filter", " ")
    world.browser.run("document.getElementById('filter').dispatchEvent(new Event('input'))")


def without_login(world):
    """A request without a login is told as refused, and no dialogue of the browser comes up."""
    world.unfold("get-me")
    status, body = world.send("get-me")
    require(status.startswith("401"), status)
    require("urn:cenacle:problem:unauthenticated" in body, body)
    # The console tells of such an answer; nothing else may be said so far.
    world.look()
    refused = [line for line in world.said if "401" in line]
    world.said = [line for line in world.said if "401" not in line]
    same(len(refused), 1, "lines of the console about it")


def basic(world):
    """With login and password the answer is the person's."""
    world.log_in_by("basic")
    world.browser.type("#user", "alice")
    world.browser.type("#password", PASSWORD)
    status, body = world.send("get-me")
    require(status.startswith("200"), status)
    same(json.loads(body)["handle"], "alice", "who it is")
    world.browser.picture(ARTEFACTS / "request.png")


def makes_an_event(world):
    """What is made from the page is in the calendar, as CalDAV shows it."""
    world.unfold("get-calendars")
    status, body = world.send("get-calendars")
    require(status.startswith("200"), status)
    all_of_them = json.loads(body)["items"]
    calendar = next(one["id"] for one in all_of_them if one["href"].endswith("/default/"))
    operation = "post-calendars-id-events"
    world.unfold(operation)
    world.fill(operation, "id (required)", calendar)
    world.fill(operation, "Form of the body", "text/calendar")
    status, body = world.send(operation)
    require(status.startswith("201"), f"{status} {body}")
    dav = PlainDav(URL, "alice", PASSWORD)
    found = [dav.find(one.path, "SUMMARY:Made from the API page")[0] for one in dav.calendars()]
    require(any(found), "the event is not in the calendar")


def bearer(world):
    """A token that was asked for on the page opens what it is put into."""
    operation = "post-auth-token"
    world.unfold(operation)
    wanted = {"grant_type": "password", "username": "alice", "password": PASSWORD}
    world.fill(operation, "Body", json.dumps({**wanted, "scope": "read"}))
    status, body = world.send(operation)
    require(status.startswith("200"), f"{status} {body}")
    world.log_in_by("bearer")
    world.browser.type("#token", json.loads(body)["access_token"])
    world.unfold("get-me")
    status, body = world.send("get-me")
    require(status.startswith("200"), status)


def forgets(world):
    """Nothing of a login is stored: not in cookies, not in storage, and a reload forgets it."""
    stored = "return [document.cookie, localStorage.length, sessionStorage.length]"
    same(world.browser.run(stored), ["", 0, 0], "what is stored")
    same(world.browser.do("GET", "/cookie"), [], "cookies")
    world.browser.open(PAGE)
    eventually(lambda: "operations" in world.browser.text("#status"), "the page")
    kept = world.browser.run(
        "return ['user', 'password', 'token'].map((id) => document.getElementById(id).value)"
    )
    same(kept, ["", "", ""], "fields after a reload")


def on_a_phone(world):
    """On a narrow screen nothing sticks out, and the page is kept as a picture."""
    world.browser.picture(ARTEFACTS / "page.png")
    world.browser.size(400, 800)
    world.unfold("post-calendars-id-events")
    script = "return [document.documentElement.scrollWidth, window.innerWidth]"
    content, window = world.browser.run(script)
    require(content <= window, f"{content} wide in {window}")
    world.browser.picture(ARTEFACTS / "phone.png")


def nothing_from_elsewhere(world):
    """From the first to the last moment no other host was asked for anything."""
    world.look()
    require(len(world.asked) >= 10, f"asked: {world.asked}")
    # The last two are pages of the browser's own.
    near = (f"{URL}/", "data:", "chrome:", "chrome-untrusted:")
    away = [url for url in world.asked if not url.startswith(near)]
    same(away, [], "asked of elsewhere")


def no_complaint(world):
    """The console has no error and no warning but what was looked at above."""
    world.look()
    same(world.said, [], "lines of the console")


def main():
    """Every check, in the order in which a reader comes to them."""
    report, world = Report(), World()
    report.note(f"Chromium {world.browser.version}")
    opened, logged_in = ("page-opens",), ("request-by-password",)
    try:
        report.check("page-opens", page_opens, world)
        report.check("all-operations", all_operations, world, needs=opened)
        report.check("filter", filter_works, world, needs=opened)
        report.check("request-without-login", without_login, world, needs=opened)
        report.check("request-by-password", basic, world, needs=opened)
        report.check("request-makes-an-event", makes_an_event, world, needs=logged_in)
        report.check("request-by-token", bearer, world, needs=opened)
        report.check("login-is-not-stored", forgets, world, needs=logged_in)
        report.check("narrow-screen", on_a_phone, world, needs=opened)
        report.check("nothing-from-elsewhere", nothing_from_elsewhere, world, needs=opened)
        report.check("no-complaint", no_complaint, world, needs=opened)
    finally:
        world.browser.quit()


if __name__ == "__main__":
    main()
