"""What every program does before it knows anything: redirects, logins, features (RFC 6764, 5397, 7617)."""

from report import require, same

from bodies import propfind
from wire import Device

PRINCIPAL = propfind("D:current-user-principal", "D:resourcetype")


class Discovery:
    """The checks and what they share."""

    def __init__(self, url):
        self.url = url
        self.principal = None

    def alice(self, **headers):
        """A device of alice's."""
        return Device(self.url, "alice", **headers)

    def challenge(self):
        """Without a login: 401 with Basic on every door, the target of the redirects included."""
        device = Device(self.url)
        for path in ("/", "/.well-known/caldav", "/.well-known/carddav", "/principals/"):
            for method in ("PROPFIND", "GET"):
                answer, end = device.follow(
                    method, path, PRINCIPAL if method == "PROPFIND" else None, Depth="0"
                )
                same(answer.status, 401, f"{method} {path} (at {end})")
                scheme = answer.headers.get("www-authenticate", "")
                require(
                    scheme.lower().startswith("basic realm="), f"{method} {end}: WWW-Authenticate {scheme!r}"
                )

    def well_known(self):
        """Both well-known addresses lead PROPFIND and GET to where the principal is told at depth 0."""
        for service in ("caldav", "carddav"):
            first = self.alice().ask("PROPFIND", f"/.well-known/{service}", PRINCIPAL, Depth="0")
            require(first.status in (207, 301, 302, 307, 308), f"{service}: {first.status}")
            answer, _ = self.alice().follow("PROPFIND", f"/.well-known/{service}", PRINCIPAL, Depth="0")
            (principal,) = answer.only().hrefs("D:current-user-principal")
            self.principal = principal
            got = self.alice().ask("GET", f"/.well-known/{service}")
            require(got.status in (301, 302, 303, 307, 308), f"GET {service}: {got.status}")

    def roots(self):
        """`/` and `/principals/` tell the principal too: where Apple's and others' programs look next."""
        for path in ("/", "/principals/"):
            answer, _ = self.alice().follow("PROPFIND", path, PRINCIPAL, Depth="0")
            same(answer.only().hrefs("D:current-user-principal"), [self.principal], path)

    def by_address(self):
        """The mail address is a login too, and leads to the same principal."""
        device = Device(self.url, "alice@example.org", "alice-secret")
        answer, _ = device.follow("PROPFIND", "/", PRINCIPAL, Depth="0")
        same(answer.only().hrefs("D:current-user-principal"), [self.principal], "principal")

    def each_request_alone(self):
        """On one connection: alice, bob, nobody, a wrong password, alice again; each judged by itself."""
        device, ask = self.alice(), ("PROPFIND", self.principal, PRINCIPAL)
        same(device.ask(*ask, Depth="0").only().hrefs("D:current-user-principal"), [self.principal], "alice")
        device.log_in("bob", "bob-secret")
        answer, _ = device.follow("PROPFIND", "/", PRINCIPAL, Depth="0")
        require(
            answer.only().hrefs("D:current-user-principal") != [self.principal], "bob was taken for alice"
        )
        device.log_out()
        same(device.ask(*ask, Depth="0").status, 401, "nobody")
        device.log_in("alice", "wrong")
        same(device.ask(*ask, Depth="0").status, 401, "wrong password")
        device.log_in("alice", "alice-secret")
        same(device.ask(*ask, Depth="0").status, 207, "alice again")

    def forbidden_is_not_401(self):
        """Another person's home is refused with 403 or 404: Thunderbird deletes a password after 401s."""
        answer = self.alice().ask("PROPFIND", self.principal, propfind("C:calendar-home-set"), Depth="0")
        (home,) = answer.only().hrefs("C:calendar-home-set")
        bob = Device(self.url, "bob")
        for method in ("PROPFIND", "GET", "PUT", "DELETE", "OPTIONS"):
            status = bob.ask(method, home, "x" if method == "PUT" else None, Depth="0").status
            require(status != 401, f"{method} on another's home: 401")
            require(
                method == "OPTIONS" or status in (403, 404, 405, 409), f"{method} on another's home: {status}"
            )

    def odd_put(self):
        """Thunderbird's probe `PUT /` with an empty body and `If-Match: nothing` is refused, without 401 or 5xx."""
        status = self.alice().ask("PUT", "/", b"", If_Match="nothing", Content_Type="text/calendar").status
        require(400 <= status < 500 and status != 401, f"status {status}")

    def no_depth(self):
        """Depth may be absent."""
        home = self.alice().ask("PROPFIND", self.principal, propfind("C:calendar-home-set"), Depth="0").only()
        for path in (self.principal, *home.hrefs("C:calendar-home-set")):
            same(self.alice().ask("PROPFIND", path, PRINCIPAL).status, 207, f"PROPFIND {path} without Depth")

    def options(self):
        """OPTIONS on principal, homes, collections and a missing object names the features; no class 2."""
        names = ("C:calendar-home-set", "CR:addressbook-home-set")
        homes = self.alice().ask("PROPFIND", self.principal, propfind(*names), Depth="0").only()
        paths = [self.principal]
        for name in names:
            (home,) = homes.hrefs(name)
            found = self.alice().ask("PROPFIND", home, propfind("D:resourcetype"), Depth="1").responses()
            paths += [home, *(path for path in found if path != home)]
        for path in paths:
            answer = self.alice().ask("OPTIONS", path, expect={200, 204}, Accept_Encoding="gzip")
            wanted = {"1", "3", "access-control", "calendar-access", "addressbook", "extended-mkcol"}
            require(wanted <= answer.dav, f"OPTIONS {path}: {answer.dav}")
            require("2" not in answer.dav, f"OPTIONS {path} names class 2, locks")
            require("content-encoding" not in answer.headers, "OPTIONS was compressed")
            require(
                "PROPFIND" in answer.headers.get("allow", ""),
                f"OPTIONS {path}: Allow {answer.headers.get('allow')}",
            )

    def infinity(self):
        """Depth infinity on the home is refused with the precondition, not answered in part (RFC 4918 section 9.1)."""
        home = self.alice().ask("PROPFIND", self.principal, propfind("C:calendar-home-set"), Depth="0").only()
        (path,) = home.hrefs("C:calendar-home-set")
        answer = self.alice().ask("PROPFIND", path, PRINCIPAL, Depth="infinity", expect={403})
        require(answer.says("D:propfind-finite-depth"), f"body {answer.text[:200]}")

    def run(self, check):
        """All checks."""
        check("discovery.challenge", self.challenge)
        check("discovery.well-known", self.well_known)
        for name, function in (
            ("roots", self.roots),
            ("login-by-address", self.by_address),
            ("each-request-alone", self.each_request_alone),
            ("forbidden-is-not-401", self.forbidden_is_not_401),
            ("put-on-root", self.odd_put),
            ("no-depth", self.no_depth),
            ("options", self.options),
            ("depth-infinity", self.infinity),
        ):
            check(f"discovery.{name}", function, needs=("discovery.well-known",))
