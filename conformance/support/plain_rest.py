"""The REST API with nothing clever in it, to look at a server from outside a real client.

It must know no resource, only how requests are made. RFC 9110, 8259.
"""

import json

from plain_dav import PlainDav, Unexpected


class PlainRest:
    """One user's view by REST. Each request opens a connection of its own."""

    def __init__(self, url, user, password):
        self.http = PlainDav(url, user, password)

    def request(self, method, path, body=None, media="application/json", **headers):
        """One request below the API's base; the `Answer`. `headers` have `_` for `-`."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            sent["Content-Type"] = media
            body = body if isinstance(body, str) else json.dumps(body)
        return self.http.request(method, f"/api/v1{path}", body, sent)

    def ask(self, method, path, body=None, media="application/json", **headers):
        """As `request`; the answer's JSON, None where there is no body. Anything but 2xx is `Unexpected`."""
        answer = self.request(method, path, body, media, **headers)
        if not 200 <= answer.status < 300:
            raise Unexpected(f"{method} {path}: {answer.status} {answer.body[:300]!r}")
        return json.loads(answer.body) if answer.body else None

    def all(self, path):
        """All things of a list, page by page."""
        found, cursor = [], ""
        joint = "&" if "?" in path else "?"
        while cursor is not None:
            page = self.ask("GET", f"{path}{joint}limit=100{cursor}")
            found += page["items"]
            cursor = page["next"] and f"&cursor={page['next']}"
        return found

    def at(self, path, href):
        """The thing of a list that DAV serves at `href`."""
        found = [one for one in self.all(path) if one["href"] == href]
        if len(found) != 1:
            raise Unexpected(f"{len(found)} of {path} are at {href}")
        return found[0]
