"""Evolution Data Server as Evolution itself uses it: one collection account, and its clients.

It wraps the GObject libraries and answers password requests as the password dialog does; it must
know nothing of what is checked, nor of the server. Needs a D-Bus session of its own.
"""

import time
import urllib.parse

import gi

gi.require_version("EDataServer", "1.2")
gi.require_version("ECal", "2.0")
gi.require_version("EBook", "1.2")
gi.require_version("EBookContacts", "1.2")
gi.require_version("ICalGLib", "3.0")

from gi.repository import EBook, EBookContacts, ECal, EDataServer, GLib, ICalGLib  # noqa: E402

#: Identifier of the account, the same after a restart.
ACCOUNT = "conformance-account"
#: Seconds for a calendar or book to connect.
CONNECT_SECONDS = 30

KINDS = {
    "events": ("Calendar", ECal.ClientSourceType.EVENTS),
    "tasks": ("Task List", ECal.ClientSourceType.TASKS),
    "memos": ("Memo List", ECal.ClientSourceType.MEMOS),
    "contacts": ("Address Book", None),
}
SUPPORTS = {
    "events": EDataServer.WebDAVDiscoverSupports.EVENTS,
    "tasks": EDataServer.WebDAVDiscoverSupports.TASKS,
    "memos": EDataServer.WebDAVDiscoverSupports.MEMOS,
    "contacts": EDataServer.WebDAVDiscoverSupports.CONTACTS,
}

#: The constant's name begins with a digit.
VCARD_3 = getattr(EBookContacts.VCardFormat, "30")

#: What may be answered to a change that the server has overtaken.
OVERWRITE = ECal.OperationFlags.CONFLICT_KEEP_LOCAL
FAIL = ECal.OperationFlags.CONFLICT_FAIL


class EvolutionFailed(Exception):
    """A source did not appear or did not connect."""


def spin(seconds):
    """Let signals arrive for a while."""
    context = GLib.MainContext.default()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        while context.iteration(False):
            pass
        time.sleep(0.01)


def until(condition, what, seconds=CONNECT_SECONDS):
    """Spin until `condition` answers something true, and answer that; bounded in time."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise EvolutionFailed(f"{what}: not within {seconds} s")
        spin(0.1)


class Evolution:
    """The source registry and one account in it."""

    def __init__(self, user, password):
        self.user, self.password = user, password
        self.asked, self.rejected = [], []
        self.registry = EDataServer.SourceRegistry.new_sync(None)
        self.registry.connect("credentials-required", self._give_password)

    def credentials(self, user=None, password=None):
        """Name and secret as EDS takes them."""
        named = EDataServer.NamedParameters.new()
        named.set("username", user or self.user)
        named.set("password", password or self.password)
        return named

    def _give_password(self, _registry, source, reason, _pem, _errors, _error):
        if reason == EDataServer.SourceCredentialsReason.REJECTED:
            self.rejected.append(source.get_display_name())
            return
        if reason == EDataServer.SourceCredentialsReason.REQUIRED:
            self.asked.append(source.get_display_name())
            source.invoke_authenticate_sync(self.credentials(), None)

    def discover(self, url, kind, user=None, password=None):
        """Hrefs found from a URL, and the user's addresses, as the "Find" button does it."""
        source = EDataServer.Source.new_with_uid("discovery-stub", None)
        self._address(source, url, user or self.user)
        answer = EDataServer.webdav_discover_sources_sync(
            source, url, SUPPORTS[kind], self.credentials(user, password), None
        )
        wanted = int(SUPPORTS[kind])
        hrefs = [one.href for one in answer.out_discovered_sources if int(one.supports) & wanted]
        return hrefs, list(answer.out_calendar_user_addresses)

    def _address(self, source, url, user):
        parts = urllib.parse.urlsplit(url)
        login = source.get_extension(EDataServer.SOURCE_EXTENSION_AUTHENTICATION)
        login.set_host(parts.hostname)
        login.set_port(parts.port)
        login.set_user(user)
        login.set_method("plain/password")
        source.get_extension(EDataServer.SOURCE_EXTENSION_SECURITY).set_secure(False)
        web = source.get_extension(EDataServer.SOURCE_EXTENSION_WEBDAV_BACKEND)
        web.set_resource_path(parts.path or "/")

    def add_account(self, url):
        """A collection account made from nothing but the host."""
        source = EDataServer.Source.new_with_uid(ACCOUNT, None)
        source.set_display_name("Account")
        collection = source.get_extension(EDataServer.SOURCE_EXTENSION_COLLECTION)
        collection.set_backend_name("webdav")
        collection.set_identity(self.user)
        collection.set_calendar_enabled(True)
        collection.set_contacts_enabled(True)
        collection.set_mail_enabled(False)
        collection.set_calendar_url(url)
        collection.set_contacts_url(url)
        self._address(source, url, self.user)
        self.registry.commit_source_sync(source, None)

    def children(self):
        """`{path: source}` of what the account holds now."""
        found = {}
        for source in self.registry.list_sources(None):
            if source.get_parent() == ACCOUNT:
                web = source.get_extension(EDataServer.SOURCE_EXTENSION_WEBDAV_BACKEND)
                found[web.dup_resource_path()] = source
        return found

    def refresh_account(self):
        """Look for collections again."""
        self.registry.refresh_backend_sync(ACCOUNT, None)

    def open(self, path, kind, writable=True):
        """A connected client for one collection: `Calendar` or `Book`; waits until it may be written, unless told not to."""
        source = until(lambda: self.children().get(path), f"source for {path}")
        if kind == "contacts":
            client = EBook.BookClient.connect_sync(source, 1, None)
            opened = Book(client)
        else:
            client = ECal.Client.connect_sync(source, KINDS[kind][1], 1, None)
            opened = Calendar(client)
        connected = EDataServer.SourceConnectionStatus.CONNECTED
        until(lambda: source.get_connection_status() == connected, f"connection of {path}")
        if writable:
            until(lambda: not client.is_readonly(), f"writing to {path}")
        return opened


class Calendar:
    """Events, tasks or memos of one collection."""

    def __init__(self, client):
        self.client = client

    def refresh(self):
        """The "Refresh" of the calendar's menu; changes arrive some time after."""
        self.client.refresh_sync(None)

    def get(self, uid, instance=None):
        """The component's text, or None when the client does not hold it."""
        try:
            found = self.client.get_object_sync(uid, instance, None)
        except GLib.Error as error:
            if error.matches(ECal.Client.error_quark(), ECal.ClientError.OBJECT_NOT_FOUND):
                return None
            raise
        return found.out_icalcomp.as_ical_string()

    def component(self, uid, instance=None):
        """The component itself."""
        return self.client.get_object_sync(uid, instance, None).out_icalcomp

    def count(self):
        """How many components the client holds."""
        return len(self.client.get_object_list_sync("#t", None).out_icalcomps)

    def add(self, text):
        """Create from a component's text; answers its UID."""
        component = ICalGLib.Component.new_from_string(text)
        made = self.client.create_object_sync(component, ECal.OperationFlags.NONE, None)
        return made.out_uid

    def add_together(self, texts):
        """Create several at once, as the import of a file does."""
        components = [ICalGLib.Component.new_from_string(text) for text in texts]
        made = self.client.create_objects_sync(components, ECal.OperationFlags.NONE, None)
        return list(made.out_uids)

    def change(self, component, scope=ECal.ObjModType.ALL, flags=OVERWRITE):
        """Save a changed component."""
        self.client.modify_object_sync(component, scope, flags, None)

    def remove(self, uid, instance=None):
        """Delete a component, or one instance of a series."""
        scope = ECal.ObjModType.THIS if instance else ECal.ObjModType.ALL
        self.client.remove_object_sync(uid, instance, scope, ECal.OperationFlags.NONE, None)

    def instances(self, start, end):
        """`[(uid, start in UTC)]` of instances between two `datetime`s, as a view asks for them."""
        listed = []

        def collect(component, begin, _end, *_rest):
            zone = ICalGLib.Timezone.get_utc_timezone()
            listed.append((component.get_uid(), begin.convert_to_zone(zone).as_ical_string()))
            return True

        self.client.generate_instances_sync(
            int(start.timestamp()), int(end.timestamp()), None, collect
        )
        return sorted(listed, key=lambda one: one[1])


class Book:
    """Contacts of one collection."""

    def __init__(self, client):
        self.client = client

    def refresh(self):
        """The "Refresh" of the book's menu; changes arrive some time after."""
        self.client.refresh_sync(None)

    def get(self, uid):
        """The contact's vCard, or None when the client does not hold it."""
        contact = self.contact(uid)
        return contact and contact.to_string(VCARD_3)

    def contact(self, uid):
        """The contact itself, or None."""
        try:
            return self.client.get_contact_sync(uid, None).out_contact
        except GLib.Error as error:
            missing = int(EBookContacts.BookClientError.CONTACT_NOT_FOUND)
            if (error.domain, error.code) == ("e-book-client-error-quark", missing):
                return None
            raise

    def count(self):
        """How many contacts the client holds."""
        everything = '(contains "x-evolution-any-field" "")'
        return len(self.client.get_contacts_uids_sync(everything, None).out_contact_uids)

    def add(self, text):
        """Create from vCard text; answers its UID."""
        contact = EBookContacts.Contact.new_from_vcard(text)
        made = self.client.add_contact_sync(contact, EBookContacts.BookOperationFlags.NONE, None)
        return made.out_added_uid

    def change(self, contact):
        """Save a changed contact."""
        self.client.modify_contact_sync(contact, EBookContacts.BookOperationFlags.NONE, None)

    def remove(self, uid):
        """Delete a contact."""
        self.client.remove_contact_by_uid_sync(uid, EBookContacts.BookOperationFlags.NONE, None)
