"""Thunderbird against a server: calendars, tasks and address books as a person uses them.

Prints one line a check; see `conformance/support/report.py`.
"""

import os
import sys
from pathlib import Path

import checks_conflicts
import checks_contacts
import checks_discovery
import checks_events
import checks_rest
import checks_restart
import checks_shares
import checks_tasks
import checks_tokens
import checks_two_users
from thunderbird import Thunderbird
from world import PASSWORD, USER, World


def main():
    """Runs every check in order; late ones close and restart the program."""
    work = Path(os.environ["CENACLE_WORK"])
    artefacts = Path(os.environ["CENACLE_ARTEFACTS"])
    artefacts.mkdir(parents=True, exist_ok=True)
    world = World(os.environ["CENACLE_URL"])

    def start():
        program = Thunderbird(work / "profile", work / "home", artefacts / "thunderbird.log")
        program.call("person", {"user": USER, "password": PASSWORD})
        return program

    world.tb = start()
    world.report.note(f"Thunderbird {world.tb.version}")
    try:
        checks_discovery.run(world)
        # Looking in several places is part of discovery, and so are its warnings.
        world.tb.call("complaints")
        checks_events.run(world)
        checks_tasks.run(world)
        checks_contacts.run(world)
        checks_rest.run(world)
        world.check("client-complains-of-nothing", world.no_complaints)
        checks_conflicts.run(world)
        checks_two_users.run(world)
        checks_restart.run(world, start, artefacts)
        checks_tokens.run(world)
        checks_shares.run(world)
    finally:
        if world.tb is not None:
            world.tb.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
