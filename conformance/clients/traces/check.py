"""Plays every trace and prints one line a check. Set apart by user, so that traces do not meet."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))

from report import Report  # noqa: E402

from apple_calendar import AppleCalendar  # noqa: E402
from apple_contacts import AppleContacts  # noqa: E402
from apple_sharing import AppleSharing  # noqa: E402
from davx5_calendar import Davx5Calendar  # noqa: E402
from davx5_contacts import Davx5Contacts  # noqa: E402
from davx5_sharing import Davx5Sharing  # noqa: E402
from desktop import Desktop  # noqa: E402
from discovery import Discovery  # noqa: E402


def main():
    """Every trace in turn."""
    report, url = Report(), os.environ["CENACLE_URL"]
    phones = (AppleCalendar, AppleContacts, Davx5Calendar, Davx5Contacts)
    for trace in (Discovery, *phones, Desktop, AppleSharing, Davx5Sharing):
        trace(url).run(report.check)


if __name__ == "__main__":
    main()
