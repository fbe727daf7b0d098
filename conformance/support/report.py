"""The lines that a conformance client prints: one `PASS`, `FAIL` or `SKIP` for each check.

It must know nothing of any client or protocol. Names are stable and hold no spaces; details go
to standard error, so that the lines alone can be compared with `expected.txt`.
"""

import sys
import time
import traceback


class CheckFailed(Exception):
    """What was seen is not what must be seen."""


class Skipped(Exception):
    """The check cannot be made here; the message is the reason."""


class Report:
    """Runs checks and prints their results as they come."""

    def __init__(self):
        self.started = time.monotonic()
        self.failed = set()

    def check(self, name, function, *arguments, needs=()):
        """Run `function`; it passes when it returns. Answers what it returned, or None.

        A check whose forerunner in `needs` has failed is reported as failed, not left out:
        the set of names printed is always the same.
        """
        lacking = [need for need in needs if need in self.failed]
        if lacking:
            return self._fail(name, f"needs {lacking[0]}, which failed")
        try:
            result = function(*arguments)
        except Skipped as reason:
            print(f"SKIP {name}: {reason}", flush=True)
            return None
        except CheckFailed as why:
            return self._fail(name, str(why))
        except Exception as error:  # noqa: BLE001 - any fault of the client is a result
            traceback.print_exc(file=sys.stderr)
            return self._fail(name, f"{type(error).__name__}: {error}")
        self.note(f"{name}: done")
        print(f"PASS {name}", flush=True)
        return result

    def _fail(self, name, why):
        self.failed.add(name)
        line = " ".join(why.split())
        print(f"FAIL {name}: {line[:400]}", flush=True)

    def note(self, text):
        """A line for people, with the seconds since the start."""
        seconds = time.monotonic() - self.started
        print(f"[{seconds:7.1f} s] {text}", file=sys.stderr, flush=True)


def require(condition, why):
    """Raise `CheckFailed` with `why` unless `condition` holds."""
    if not condition:
        raise CheckFailed(why)


def same(seen, wanted, what):
    """Raise `CheckFailed` unless both are equal."""
    require(seen == wanted, f"{what}: saw {seen!r}, wanted {wanted!r}")


def eventually(function, what, seconds=20, pause=0.2):
    """Call `function` until it answers something true, and answer that; bounded in time."""
    end = time.monotonic() + seconds
    while True:
        value = function()
        if value:
            return value
        if time.monotonic() >= end:
            raise CheckFailed(f"{what}: not within {seconds} s")
        time.sleep(pause)
