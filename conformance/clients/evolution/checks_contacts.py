"""Contacts both ways: create, change, delete, lists, photos (RFC 6352, 2426)."""

from world import card, require, same, unfold

PHOTO = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
    "rkJggg=="
)
MANY = 60


def run(world):
    """All checks of the address book."""
    check = world.check
    check("contact-client-create", client_create, world)
    check("contact-client-change", client_change, world, needs=["contact-client-create"])
    check("contact-client-delete", client_delete, world, needs=["contact-client-create"])
    check("contact-server-create", server_create, world)
    check("contact-server-change", server_change, world, needs=["contact-server-create"])
    check("contact-server-delete", server_delete, world, needs=["contact-server-create"])
    check("contact-version-4-arrives", version_4, world)
    check("contact-photo-both-ways", photo, world)
    check("contact-list-survives", contact_list, world)
    check("contacts-many-arrive", many, world)


def put(world, name, text, match=None):
    world.dav.put(f"{world.book}{name}.vcf", text, "text/vcard; charset=utf-8", match)


def book(world):
    return world.calendar(world.book, "contacts")


def client_create(world):
    uid = book(world).add(card("card-client", "Zoé Lefèvre", "EMAIL;TYPE=WORK:zoe@example.org",
                               "TEL;TYPE=CELL:+33 6 00 00 00 00", "NOTE:Ligne une\\nLigne deux",
                               version="3.0"))
    same(uid, "card-client", "UID")
    path, body = world.on_server(world.book, "card-client")
    require(path, "the server does not have it")
    for wanted in ["FN:Zoé Lefèvre", "zoe@example.org", "+33 6 00 00 00 00",
                   "Ligne une\\nLigne deux"]:
        require(wanted in body, f"{wanted!r} is not in {body!r}")


def client_change(world):
    contact = book(world).contact("card-client")
    contact.set_property("email-1", "z.lefevre@example.org")
    book(world).change(contact)
    _, body = world.on_server(world.book, "card-client")
    require("z.lefevre@example.org" in body and "zoe@example.org" not in body, f"saw {body!r}")
    require("+33 6 00 00 00 00" in body, f"the number is lost in {body!r}")


def client_delete(world):
    path, _ = world.on_server(world.book, "card-client")
    book(world).remove("card-client")
    same(world.dav.get(path).status, 404, "status after the client's delete")
    same(book(world).get("card-client"), None, "contact in the client")


def server_create(world):
    put(world, "card-server", card("card-server", "Noël Bœuf", "EMAIL:noel@example.org",
                                   version="3.0"), "*")
    text = world.seen(book(world), lambda: book(world).get("card-server"), "the new contact")
    require("FN:Noël Bœuf" in unfold(text) and "noel@example.org" in text, f"saw {text!r}")


def server_change(world):
    put(world, "card-server", card("card-server", "Noël Bœuf", "EMAIL:n.boeuf@example.org",
                                   version="3.0"))
    world.seen(book(world), lambda: "n.boeuf@example.org" in book(world).get("card-server"),
               "the change")


def server_delete(world):
    world.dav.delete(world.book + "card-server.vcf")
    world.seen(book(world), lambda: book(world).get("card-server") is None, "the deletion")


def version_4(world):
    put(world, "card-four", card("card-four", "Émile Quatre", "EMAIL;PREF=1:emile@example.org"),
        "*")
    world.seen(book(world), lambda: book(world).get("card-four"), "the contact")
    contact = book(world).contact("card-four")
    same(contact.get_property("full-name"), "Émile Quatre", "name")
    same(contact.get_property("email-1"), "emile@example.org", "address")


def photo(world):
    put(world, "card-photo", card("card-photo", "Paul Photo",
                                  f"PHOTO;ENCODING=b;TYPE=PNG:{PHOTO}", version="3.0"), "*")
    world.seen(book(world), lambda: book(world).get("card-photo"), "the contact")
    contact = book(world).contact("card-photo")
    require(contact.get_property("photo"), "no photo in the client")
    contact.set_property("nickname", "Popaul")
    book(world).change(contact)
    _, body = world.on_server(world.book, "card-photo")
    require("Popaul" in body, "the change is not on the server")
    require(PHOTO in body, f"the photo is lost in {body!r}")


def contact_list(world):
    text = card("card-list", "Équipe Projet", "X-EVOLUTION-LIST:TRUE",
                "X-EVOLUTION-LIST-SHOW-ADDRESSES:FALSE",
                'EMAIL;X-EVOLUTION-DEST-NAME="Alice":alice@example.org',
                'EMAIL;X-EVOLUTION-DEST-NAME="Bob":bob@example.org', version="3.0")
    book(world).add(text)
    _, body = world.on_server(world.book, "card-list")
    for wanted in ["X-EVOLUTION-LIST:TRUE", "alice@example.org", "bob@example.org"]:
        require(wanted in body, f"{wanted!r} is not in {body!r}")
    require(book(world).contact("card-list").get_property("list"), "no list in the client")


def many(world):
    extra = world.calendar(world.extra_book, "contacts")
    before = extra.count()
    for number in range(MANY):
        world.dav.put(f"{world.extra_book}many-{number}.vcf",
                      card(f"many-{number}", f"Personne N{number}", version="3.0"),
                      "text/vcard", "*")
    world.seen(extra, lambda: extra.count() == before + MANY, f"{MANY} contacts", 60)
