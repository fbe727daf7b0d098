"""One device of one person: vdirsyncer pairs, and khal, todoman and khard over the synchronised folders.

It must know nothing of what is checked with it, nor of any server's paths: the server is told to
vdirsyncer by its root address alone (RFC 6764 discovery is vdirsyncer's).
"""

import subprocess
from pathlib import Path

from report import CheckFailed

#: Seconds that one command may take.
TIMEOUT = 90

PAIRS = {"calendars": ("caldav", ".ics"), "contacts": ("carddav", ".vcf")}

VDIRSYNCER = """\
[general]
status_path = "{home}/status/"
"""

VDIRSYNCER_PAIR = """
[pair {pair}]
a = "{pair}_here"
b = "{pair}_there"
collections = ["from a", "from b"]
metadata = {metadata}
{conflict}

[storage {pair}_here]
type = "filesystem"
path = "{home}/{pair}/"
fileext = "{extension}"

[storage {pair}_there]
type = "{kind}"
url = "{url}/"
username = "{user}"
password = "{password}"
"""

KHAL = """\
[calendars]
[[all]]
path = {home}/calendars/*
type = discover

[locale]
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
local_timezone = Europe/Paris
default_timezone = Europe/Paris

[default]
default_calendar = default
"""

TODOMAN = """\
path = "{home}/calendars/*"
date_format = "%Y-%m-%d"
time_format = "%H:%M"
default_list = "tasks"
cache_path = "{home}/todoman.sqlite3"
"""

KHARD = """\
[addressbooks]
{books}
[general]
editor = true
merge_editor = true
"""


class Device:
    """Folders and configurations below `home`; nothing of the caller's own set-up is read."""

    def __init__(self, home, url, user, password, conflict=None):
        self.home = Path(home)
        self.values = {"home": self.home, "url": url, "user": user, "password": password}
        self.home.mkdir(parents=True)
        for pair in PAIRS:
            (self.home / pair).mkdir()
        self.on_conflict(conflict)
        (self.home / "khal.conf").write_text(KHAL.format(**self.values))
        (self.home / "todoman.py").write_text(TODOMAN.format(**self.values))

    def on_conflict(self, resolution):
        """Configure vdirsyncer; `resolution` is "a wins", "b wins" or None (an error is reported)."""
        text = VDIRSYNCER.format(**self.values)
        for pair, (kind, extension) in PAIRS.items():
            text += VDIRSYNCER_PAIR.format(
                pair=pair,
                kind=kind,
                extension=extension,
                metadata='["color", "displayname"]' if pair == "calendars" else '["displayname"]',
                conflict=f'conflict_resolution = "{resolution}"' if resolution else "",
                **self.values,
            )
        (self.home / "vdirsyncer.conf").write_text(text)

    def folder(self, pair, collection):
        """The local folder of a collection."""
        return self.home / pair / collection

    def collections(self, pair):
        """Names of the local folders of a pair."""
        return {entry.name for entry in (self.home / pair).iterdir() if entry.is_dir()}

    def items(self, pair, collection, needle=""):
        """Paths of the local items that hold `needle`, sorted."""
        folder = self.folder(pair, collection)
        files = sorted(folder.glob("*" + PAIRS[pair][1])) if folder.is_dir() else []
        return [file for file in files if needle in file.read_text(encoding="utf-8")]

    def command(self, *words, answers="", may_fail=False):
        """Run a command in this device's world; its output, or CheckFailed when it fails."""
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.home),
            "LC_ALL": "C.UTF-8",
            "LANG": "C.UTF-8",
            "TZ": "Europe/Paris",
            "VDIRSYNCER_CONFIG": str(self.home / "vdirsyncer.conf"),
        }
        done = subprocess.run(
            words,
            input=answers,
            env=environment,
            cwd=self.home,
            timeout=TIMEOUT,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if done.returncode != 0 and not may_fail:
            raise CheckFailed(f"{' '.join(words)}: exit {done.returncode}: {done.stdout[-600:]}")
        return done.stdout

    def vdirsyncer(self, *words, may_fail=False):
        """Run vdirsyncer; every question ("create it?") is answered with yes."""
        return self.command("vdirsyncer", "-v", "INFO", *words, answers="y\n" * 50, may_fail=may_fail)

    def discover(self):
        """Find collections on both sides and make the missing ones."""
        return self.vdirsyncer("discover")

    def sync(self, may_fail=False):
        """Synchronise everything; vdirsyncer's words."""
        return self.vdirsyncer("sync", may_fail=may_fail)

    def khal(self, *words):
        """Run khal."""
        return self.command("khal", "-c", str(self.home / "khal.conf"), *words)

    def todoman(self, *words):
        """Run todoman."""
        return self.command("todoman", "--config", str(self.home / "todoman.py"), *words)

    def khard(self, *words, answers=""):
        """Run khard over the address books that are there now."""
        books = "".join(
            f"[[{name}]]\npath = {self.folder('contacts', name)}\n"
            for name in sorted(self.collections("contacts"))
        )
        configuration = self.home / "khard.conf"
        configuration.write_text(KHARD.format(books=books))
        return self.command("khard", "-c", str(configuration), *words, answers=answers)
