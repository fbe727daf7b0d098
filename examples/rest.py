#!/usr/bin/env python3
"""The REST API from Python, standard library only: fills a calendar, follows what changes in it, and removes it again.

    examples/rest.py http://127.0.0.1:8008 LOGIN PASSWORD
"""

import base64
import json
import sys
import threading
import urllib.error
import urllib.request
import uuid


class Api:
    """One login at one server."""

    def __init__(self, server, login, password):
        self.base = f"{server}/api/v1"
        self.login = "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()

    def ask(self, method, path, body=None, media="application/json", **headers):
        """One request; the answer's JSON, or None where it has no body. A refusal is a `urllib.error.HTTPError`."""
        request = urllib.request.Request(self.base + path, method=method)
        request.add_header("Authorization", self.login)
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", media)
        with urllib.request.urlopen(request, timeout=90) as answer:
            text = answer.read()
        return json.loads(text) if text else None


def fill(api, calendar):
    """Ten lessons in one request: all of them, or none. The key makes it safe to send it again when the answer is lost."""
    operations = [
        {
            "op": "create",
            "path": f"/calendars/{calendar}/events",
            "mediaType": "application/jscalendar+json",
            "data": {
                "@type": "Event",
                "title": f"Leçon {number}",
                "start": f"2026-03-{number:02}T09:00:00",
                "timeZone": "Europe/Paris",
                "duration": "PT45M",
            },
        }
        for number in range(1, 11)
    ]
    done = api.ask("POST", "/batch", {"operations": operations}, Idempotency_Key=str(uuid.uuid4()))
    return [result["id"] for result in done["results"]]


def follow(api, calendar, token, until):
    """Print what changes as it happens; each request waits up to a minute for the next change. Ends when `until` is removed."""
    while True:
        news = api.ask("GET", f"/calendars/{calendar}/changes?since={token}&wait=60")
        token = news["token"]
        for change in news["changes"]:
            print("removed" if change["removed"] else "changed", change["id"], flush=True)
            if change["removed"] and change["id"] == until:
                return


def main(server, login, password):
    api = Api(server, login, password)
    print("I am", api.ask("GET", "/me")["handle"])
    calendar = api.ask("POST", "/calendars", {"name": "Leçons", "timeZone": "Europe/Paris"})["id"]
    try:
        lessons = fill(api, calendar)
        token = api.ask("GET", f"/calendars/{calendar}")["syncToken"]
        print(len(lessons), "lessons")

        follower = threading.Thread(target=follow, args=(api, calendar, token, lessons[1]))
        follower.start()
        first = f"/calendars/{calendar}/events/{lessons[0]}"
        # Only the title; whatever else the event has stays as it is.
        changed = api.ask("PATCH", first, {"title": "Première leçon"}, media="application/merge-patch+json")
        try:
            api.ask("DELETE", first, If_Match='"of yesterday"')
        except urllib.error.HTTPError as refused:
            problem = json.load(refused)
            print("not deleted:", problem["type"], "it is", "as changed" if problem["etag"] == changed["etag"] else "other")
        api.ask("DELETE", f"/calendars/{calendar}/events/{lessons[1]}")
        follower.join(120)

        week = f"/calendars/{calendar}/events?expand=true&from=2026-03-02T00:00:00Z&to=2026-03-09T00:00:00Z&limit=3&fields=title,start"
        cursor = ""
        while cursor is not None:
            page = api.ask("GET", week + cursor)
            for lesson in page["items"]:
                print(lesson["start"], lesson["title"])
            cursor = page["next"] and f"&cursor={page['next']}"
    finally:
        api.ask("DELETE", f"/calendars/{calendar}")
        print("calendar removed")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
