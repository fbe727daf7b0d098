"""Hooks of schemathesis: requests reach what is there, and what was asked is counted.

Which checks are made is said in `check.py`; what an answer may differ in stands in `filter_failure`.
"""

import atexit
import json
import os
import random
import sys
import urllib.parse
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import bodies  # noqa: E402
import schemathesis  # noqa: E402
from pools import Pools  # noqa: E402
from schemathesis.core import NotSet  # noqa: E402

#: What is chosen is chosen alike in every run.
RANDOM = random.Random(1)
POOLS = Pools()
for address, there in json.loads(Path(os.environ["CENACLE_KNOWN"]).read_text(encoding="utf-8")):
    POOLS.add(address, there)
#: Operation → status → requests.
COUNTS = defaultdict(lambda: defaultdict(int))
#: Answers that never end cannot be judged; the integration tests read them.
ENDLESS = "text/event-stream"
#: Who is there, and where a path or a body calls somebody.
PEOPLE = ("alice", "bob", "carol")
CALLED = ("with", "handle", "member")


@schemathesis.deserializer("application/x-ndjson")
def one_line(_context, response):
    """The description says what each line is: one is judged, of whatever kind.

    A line ends at a line feed alone: names within it may hold U+0085 and U+2028, at which `str.splitlines` would cut it.
    """
    return RANDOM.choice([json.loads(line) for line in response.content.decode().split("\n") if line])


@schemathesis.deserializer("application/zip")
def octets(_context, response):
    """The description says only that these are octets."""
    return response.content.decode("latin-1")


@schemathesis.serializer("application/zip")
def as_octets(_context, value):
    """Archives are made by `bodies.py`; what is made of the description is no archive, and refused."""
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.hook
def before_call(context, case, kwargs):
    """Most ids that name nothing are replaced by ids that are there."""
    operation = case.operation
    raw = operation.definition.raw
    if case.path_parameters:
        case.path_parameters = POOLS.fill(operation.path, case.path_parameters, RANDOM)
        for name in CALLED:
            if name in case.path_parameters and RANDOM.random() < 0.7:
                case.path_parameters = {**case.path_parameters, name: RANDOM.choice(PEOPLE)}
    # Most windows are those in which the made items are.
    if operation.path.endswith("/instances") and RANDOM.random() < 0.7:
        case.query = {"from": "2025-12-01T00:00:00Z", "to": "2026-12-01T00:00:00Z", "fields": "recurrenceId"}
    if operation.path.endswith("/explain") and POOLS.ids["/api/v1/calendars"] and RANDOM.random() < 0.7:
        thing = RANDOM.choice(POOLS.ids["/api/v1/calendars"][:6])
        case.query = {"subject": RANDOM.choice(PEOPLE), "object": thing, "right": "read"}
    # A waiting answer says nothing that one at once does not, and takes a minute.
    if case.query and "wait" in case.query and str(case.query["wait"]).strip("0123456789") == "":
        case.query = {**case.query, "wait": "0"}
    told = [media for media in raw.get("responses", {}).get("200", {}).get("content", {}) if media != ENDLESS]
    if len(told) > 1 and RANDOM.random() < 0.8:
        case.headers = {**(case.headers or {}), "Accept": RANDOM.choice(told)}
    if case.media_type in bodies.MAKE and not isinstance(case.body, NotSet) and RANDOM.random() < 0.85:
        case.body = bodies.MAKE[case.media_type](RANDOM, operation.path)
    elif isinstance(case.body, dict):
        case.body = reaching(case.body, operation.path, raw, case.media_type)
        if operation.path.endswith("{item}:restore"):
            case.body = older(case.body, operation.path, case.path_parameters or {})


def reaching(body, path, raw, media):
    """A JSON body, many of its references and missing members filled in."""
    body = dict(body)
    content = raw.get("requestBody", {}).get("content", {}).get(media or "", {})
    example = content.get("example")
    if isinstance(example, dict) and RANDOM.random() < 0.6:
        body = {**example, **body} if RANDOM.random() < 0.5 else {**body, **example}
    if body.get("grant_type") == "password" or (path.endswith("/auth/token") and RANDOM.random() < 0.5):
        # With a password that is wrong, logins would soon be refused to everybody for a while.
        body.update({"grant_type": "password", "username": "alice", "password": "alice-secret"})
    if "with" in body and RANDOM.random() < 0.8:
        body.update({"with": RANDOM.choice(PEOPLE), "role": "read"})
    if path.endswith("/delegates/{handle}") and RANDOM.random() < 0.8:
        body = {"role": "read", "of": ["calendars"]}
    if path.endswith("/members") and RANDOM.random() < 0.8:
        body["members"] = [{"id": RANDOM.choice(PEOPLE)}]
    homes = "/api/v1/calendars" if "/calendars/" in path else "/api/v1/address-books"
    if "to" in body and POOLS.ids[homes] and RANDOM.random() < 0.8:
        body["to"] = RANDOM.choice(POOLS.ids[homes][:6])
    if isinstance(body.get("operations"), list):
        body["operations"] = [aimed(one) for one in body["operations"][:20]]
    return body


def older(body, path, parameters):
    """A content that the item had, where one is known."""
    item = path.removesuffix(":restore")
    for name, value in parameters.items():
        item = item.replace(f"{{{name}}}", str(value))
    known = POOLS.ids.get(f"{item}/history", ())
    return {"version": int(RANDOM.choice(known))} if known and RANDOM.random() < 0.8 else body


def aimed(operation):
    """An operation of a batch, at a calendar that is there."""
    calendars = POOLS.ids["/api/v1/calendars"][:3]
    if not isinstance(operation, dict) or not calendars or RANDOM.random() < 0.2:
        return operation
    events = f"/calendars/{RANDOM.choice(calendars)}/events"
    if operation.get("op") == "create":
        return {**operation, "path": events, "mediaType": "text/calendar", "data": bodies.calendar(RANDOM, events)}
    there = POOLS.ids[f"/api/v1{events}"] or ["none"]
    moved = {**operation, "path": f"{events}/{urllib.parse.quote(RANDOM.choice(there[:6]), safe='')}"}
    return {**moved, "to": RANDOM.choice(calendars)} if "to" in moved else moved


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """`…/{item}:move` is also the path of an item called `x:move`: its `Allow` rightly names the methods of both."""
    return not (failure.title == "Allow header mismatch" and "{item}:" in case.operation.path)


@schemathesis.hook
def after_call(context, case, response):
    """Counts, and learns what is there."""
    COUNTS[f"{case.operation.method.upper()} {case.operation.path}"][response.status_code] += 1
    try:
        body = response.json()
    except ValueError:
        body = None
    # The address as it was asked for: a check may have sent another method than the description's.
    asked = urllib.parse.urlsplit(response.request.url)
    POOLS.learn(response.request.method, urllib.parse.unquote(asked.path), response.status_code, body)


@atexit.register
def tell():
    """What was asked, for `check.py`."""
    Path(os.environ["CENACLE_COUNTS"]).write_text(json.dumps(COUNTS), encoding="utf-8")
