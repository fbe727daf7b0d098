"""What one person grants another, by REST, so that real clients can be looked at with it.

It must know no client. A share is granted by its owner, and stands in the grantee's home once he has taken it in.
"""

import urllib.parse

from plain_rest import PlainRest


class Share:
    """One collection of `owner`'s (its DAV path) and what `grantee` may do with it.

    Both are handles whose password is `HANDLE-secret`. `kind` is `calendars` or `address-books`.
    """

    def __init__(self, url, owner, grantee, path, kind="calendars"):
        self.kind, self.grantee = kind, grantee
        self.owner_rest = PlainRest(url, owner, f"{owner}-secret")
        self.grantee_rest = PlainRest(url, grantee, f"{grantee}-secret")
        self.id = self.owner_rest.at(f"/{kind}", path)["id"]
        self.path = None

    def grant(self, role, to=None):
        """Give the grantee (or `to`) a role; again with another one it replaces the first."""
        body = {"with": to or self.grantee, "role": role}
        self.owner_rest.ask("POST", f"/{self.kind}/{self.id}/shares", body)

    def take_in(self, **wish):
        """The grantee has it in his own home; answers and keeps the path there."""
        made = self.grantee_rest.ask("PUT", f"/{self.kind}/{self.id}/subscription", wish)
        self.path = urllib.parse.unquote(made["href"])
        return self.path

    def revoke(self, to=None):
        """Take the right back."""
        self.owner_rest.ask("DELETE", f"/{self.kind}/{self.id}/shares/{to or self.grantee}")
