"""What is there: the ids that paths of the description name, as answers told them.

It must know no resource: a POST that made something, a PUT, a list and a DELETE look alike everywhere.
"""

import re
from collections import defaultdict

PARAMETER = re.compile(r"\{(\w+)\}")


class Pools:
    """Ids below each address, in the order in which they were told."""

    def __init__(self):
        self.ids = defaultdict(list)

    def add(self, address, found):
        """One more id; the newest last."""
        if isinstance(found, str) and found and found not in self.ids[address]:
            self.ids[address].append(found)

    def forget(self, address, gone):
        """An id that is there no more, and what was below it."""
        if gone in self.ids.get(address, ()):
            self.ids[address].remove(gone)
        for below in [known for known in self.ids if known.startswith(f"{address}/{gone}/")]:
            del self.ids[below]

    def learn(self, method, address, status, body):
        """Take from an answer what it says is there now. `address` is without a query, decoded."""
        parent, _, last = address.rpartition("/")
        if status in (404, 204) and (status == 404 or method == "DELETE"):
            self.forget(parent, last)
        elif method == "POST" and 200 <= status < 300 and last.endswith(":move"):
            self.forget(parent, last.removesuffix(":move"))
        if not 200 <= status < 300 or not isinstance(body, dict):
            return
        if method == "POST" and ":" not in last:
            self.add(address, body.get("id"))
        elif method == "PUT":
            self.add(parent, last)
        elif method == "GET" and isinstance(body.get("items"), list):
            for item in body["items"]:
                known = item if isinstance(item, dict) else {}
                # A content of before is called by its number, an instance by when the series would have it.
                called = known.get("recurrenceId") if address.endswith("/instances") else known.get("id")
                self.add(address, str(known["version"]) if "version" in known else called)

    def fill(self, template, given, random):
        """The parameters `given` of a path, most of those that name nothing replaced by ids that are there."""
        segments = template.split("/")[1:]
        address, filled = "", dict(given)
        for place, segment in enumerate(segments):
            for name in PARAMETER.findall(segment):
                known = self.ids.get(address, ())
                if name in filled and filled[name] not in known and known and random.random() < 0.8:
                    filled[name] = random.choice(self._fitting(known, address, segments[place + 1 :], random))
            said = PARAMETER.sub(lambda found: str(filled.get(found[1], "")), segment)
            address += "/" + said
        return filled

    def _fitting(self, known, address, below, random):
        """Those of `known` to choose from: most times such as have something below them, where the path goes on to it."""
        if len(below) > 1 and PARAMETER.search(below[1]) and random.random() < 0.9:
            with_more = [one for one in known if self.ids.get(f"{address}/{one}/{below[0]}")]
            if with_more:
                return with_more
        # Among the first few, so that requests meet at the same things.
        return known[:6]
