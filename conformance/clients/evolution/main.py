"""Evolution Data Server against a server, in two D-Bus sessions: `main.py first`, `main.py second`.

Prints one line a check; see `conformance/support/report.py`.
"""

import os
import sys

import checks_contacts
import checks_discovery
import checks_events
import checks_restart
import checks_shares
import checks_tasks
from evolution import Evolution
from world import PASSWORD, USER, World


def main(session):
    """Runs one session's checks."""
    world = World(os.environ["CENACLE_URL"])
    if session == "first":
        world.make_collections()
        world.eds = Evolution(USER, PASSWORD)
        checks_discovery.run(world)
        checks_events.run(world)
        checks_tasks.run(world)
        checks_contacts.run(world)
        checks_shares.run(world)
        checks_restart.prepare(world)
    else:
        world.eds = Evolution(USER, PASSWORD)
        checks_restart.run(world)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
