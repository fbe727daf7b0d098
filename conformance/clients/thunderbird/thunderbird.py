"""One Thunderbird on a profile, driven through Marionette in its chrome context.

It starts and stops the program and carries calls to `probe/*.js`; it must know nothing of what is
checked, nor of the server.
"""

import base64
import os
import subprocess
import time
from pathlib import Path

from marionette_driver.marionette import Marionette

#: Parts of the probe in the order of their evaluation.
PROBE = ["shared", "discovery", "calendars", "books"]
#: Seconds for the program to open its Marionette port.
START_SECONDS = 90
#: Seconds for one call of the probe.
CALL_SECONDS = 120
#: Seconds for an orderly end of the program.
STOP_SECONDS = 30

PREFERENCES = {
    "marionette.port": 0,
    "mail.provider.suppress_dialog_on_startup": True,
    "mail.spotlight.firstRunDone": True,
    "mail.shell.checkDefaultClient": False,
    "mail.rights.version": 1,
    "mailnews.start_page.enabled": False,
    "datareporting.policy.dataSubmissionPolicyBypassNotification": True,
    "datareporting.healthreport.uploadEnabled": False,
    "toolkit.telemetry.enabled": False,
    "app.donation.eoy.version.viewed": 999,
    "browser.safebrowsing.blockedURIs.enabled": False,
    "extensions.update.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "signon.rememberSignons": True,
    "services.settings.server": "data:,",
    "network.proxy.type": 0,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "calendar.timezone.useSystemTimezone": False,
    "calendar.timezone.local": "Europe/Paris",
    "calendar.alarms.show": False,
    "calendar.alarms.showmissed": False,
    "calendar.view.daystarthour": 7,
    "intl.regional_prefs.use_os_locales": False,
}


class ThunderbirdFailed(Exception):
    """The program did not start, or a call of the probe was answered with an error."""


class Thunderbird:
    """A running Thunderbird. `close` ends it in an orderly way, keeping the profile."""

    def __init__(self, profile, home, log):
        self.profile, self.home, self.log = Path(profile), Path(home), Path(log)
        self._write_preferences()
        self._start()

    def _write_preferences(self):
        self.profile.mkdir(parents=True, exist_ok=True)
        self.home.mkdir(parents=True, exist_ok=True)
        lines = [f'user_pref("{name}", {literal(value)});' for name, value in PREFERENCES.items()]
        (self.profile / "user.js").write_text("\n".join(lines) + "\n")

    def _start(self):
        port_file = self.profile / "MarionetteActivePort"
        port_file.unlink(missing_ok=True)
        environment = dict(
            os.environ,
            HOME=str(self.home),
            MOZ_CRASHREPORTER_DISABLE="1",
            MOZ_REMOTE_SETTINGS_DEVTOOLS="1",
            NO_AT_BRIDGE="1",
            TZ="UTC",
            LC_ALL="C.UTF-8",
        )
        command = ["thunderbird", "--marionette", "--remote-allow-system-access", "--no-remote"]
        command += ["--profile", str(self.profile)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        end = time.monotonic() + START_SECONDS
        while not (port_file.exists() and port_file.read_text().strip()):
            if self.process.poll() is not None or time.monotonic() > end:
                raise ThunderbirdFailed(f"no Marionette port; see {self.log}")
            time.sleep(0.2)
        self.marionette = Marionette(host="127.0.0.1", port=int(port_file.read_text()))
        self.marionette.start_session({"unhandledPromptBehavior": "ignore"}, timeout=START_SECONDS)
        self.marionette.timeout.script = CALL_SECONDS
        self.marionette.set_context("chrome")
        self._choose_main_window()
        self._load_probe()
        self.version = self.call("ready")

    def _choose_main_window(self):
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            for handle in self.marionette.chrome_window_handles:
                self.marionette.switch_to_window(handle)
                if self.marionette.get_url().endswith("/messenger.xhtml"):
                    return
            time.sleep(0.3)
        raise ThunderbirdFailed("no main window")

    def _load_probe(self):
        folder = Path(__file__).parent / "probe"
        parts = "".join((folder / f"{name}.js").read_text() for name in PROBE)
        whole = "{ ...discovery, ...calendars, ...books }"
        script = f"window.clientProbe = (() => {{\n{parts}\nreturn {whole};\n}})();"
        self.marionette.execute_script(script, sandbox=None)

    def call(self, name, *arguments):
        """Call one function of the probe and answer its (JSON) result."""
        script = """
            const [name, given, done] = arguments;
            (async () => window.clientProbe[name](...given))().then(
              value => done({ value: value === undefined ? null : value }),
              error => done({ error: `${error?.message ?? error}` })
            );
        """
        answer = self.marionette.execute_async_script(
            script, script_args=[name, list(arguments)], sandbox=None
        )
        if "error" in answer:
            raise ThunderbirdFailed(f"{name}: {answer['error']}")
        return answer["value"]

    def screenshot(self, path):
        """A PNG of the main window."""
        picture = self.marionette.screenshot(full=False)
        Path(path).write_bytes(base64.b64decode(picture))

    def close(self):
        """Quit as the menu does; killed by process id when it does not end."""
        try:
            self.marionette.execute_script(
                "setTimeout(() => Services.startup.quit(Ci.nsIAppStartup.eAttemptQuit), 100);",
                sandbox=None,
            )
        finally:
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(STOP_SECONDS)
                raise ThunderbirdFailed("did not quit") from None


def literal(value):
    """A preference's value as JavaScript."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else f'"{value}"'
