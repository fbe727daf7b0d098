"""Contacts both ways: create, change, delete, fidelity (RFC 6352, 6350)."""

from world import card, eventually, require, same

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
    check("contact-version-3-arrives", version_3, world)
    check("contact-round-trip-loses-nothing", round_trip, world)
    check("contact-round-trip-keeps-dates", round_trip_dates, world)
    check("contacts-many-arrive", many, world)


def client_create(world):
    text = card("card-client", "Zoé Lefèvre", "EMAIL;PREF=1:zoe@example.org",
                "TEL;TYPE=cell;VALUE=TEXT:+33 6 00 00 00 00", "ORG:Société d’été;Comptabilité")
    world.tb.call("addCard", world.book, text)
    path, body = world.on_server(world.book, "card-client")
    require(path, "the server does not have it")
    for wanted in ["FN:Zoé Lefèvre", "zoe@example.org", "+33 6 00 00 00 00", "Société d’été"]:
        require(wanted in body, f"{wanted!r} is not in {body!r}")


def client_change(world):
    world.tb.call("editCard", world.book, "card-client", "zoe@example.org", "z.lefevre@example.org")
    _, body = world.on_server(world.book, "card-client")
    require("z.lefevre@example.org" in body, f"the change is not on the server: {body!r}")
    held = world.tb.call("card", world.book, "card-client")
    same(held["emails"], ["z.lefevre@example.org"], "addresses in the client")


def client_delete(world):
    path, _ = world.on_server(world.book, "card-client")
    world.tb.call("removeCard", world.book, "card-client")
    eventually(lambda: world.dav.get(path).status == 404, "the deletion arrives")
    world.tb.call("syncBook", world.book)
    same(world.tb.call("card", world.book, "card-client"), None, "card in the client")


def put(world, name, text, match=None):
    world.dav.put(f"{world.book}{name}.vcf", text, "text/vcard; charset=utf-8", match)


def server_create(world):
    put(world, "card-server", card("card-server", "Noël Bœuf", "EMAIL:noel@example.org"), "*")
    world.tb.call("syncBook", world.book)
    held = world.tb.call("card", world.book, "card-server")
    require(held, "not seen after the synchronisation")
    same((held["name"], held["emails"]), ("Noël Bœuf", ["noel@example.org"]), "name and address")


def server_change(world):
    put(world, "card-server", card("card-server", "Noël Bœuf", "EMAIL:n.boeuf@example.org"))
    world.tb.call("syncBook", world.book)
    held = world.tb.call("card", world.book, "card-server")
    same(held["emails"], ["n.boeuf@example.org"], "address")


def server_delete(world):
    world.dav.delete(world.book + "card-server.vcf")
    world.tb.call("syncBook", world.book)
    same(world.tb.call("card", world.book, "card-server"), None, "card after the server's delete")


def version_3(world):
    text = card("card-three", "Émile Trois", "EMAIL;TYPE=INTERNET,WORK:emile@example.org",
                "TEL;TYPE=CELL:+33600000003", f"PHOTO;ENCODING=b;TYPE=PNG:{PHOTO}", version="3.0")
    put(world, "card-three", text, "*")
    world.tb.call("syncBook", world.book)
    held = world.tb.call("card", world.book, "card-three")
    require(held, "not seen after the synchronisation")
    same((held["name"], held["emails"]), ("Émile Trois", ["emile@example.org"]), "name and address")
    require(held["photo"], "the photo is lost")


def round_trip(world):
    text = card(
        "card-whole", "Mireille Mathieu", "EMAIL;TYPE=work:mm@example.org", "NICKNAME:Mimi",
        "NOTE:Ligne une\\nLigne deux\\, suite", "TITLE:Directrice", "ROLE:Achats",
        "URL;TYPE=work;VALUE=URL:https://example.org/mimi",
        "ADR;TYPE=home:;;1 rue de l’Été;Lyon;;69001;France", "X-CUSTOM1:valeur",
        "TEL;TYPE=cell:+33600000001", "IMPP:xmpp:mimi@example.org",
        f"PHOTO:data:image/png;base64,{PHOTO}",
    )
    world.tb.call("addCard", world.book, text)
    held = world.tb.call("card", world.book, "card-whole")
    wanted = {
        "NickName": "Mimi", "Notes": "Ligne une\nLigne deux, suite", "JobTitle": "Directrice",
        "WebPage1": "https://example.org/mimi", "HomeAddress": "1 rue de l’Été",
        "HomeCity": "Lyon", "HomeZipCode": "69001", "HomeCountry": "France",
        "CellularNumber": "+33600000001", "Custom1": "valeur",
    }
    same({name: held["fields"][name] for name in wanted}, wanted, "fields after the round trip")
    same((held["name"], held["first"], held["last"], held["emails"]),
         ("Mireille Mathieu", "Mireille", "Mathieu", ["mm@example.org"]), "name and address")
    for value in ["Achats", "xmpp:mimi@example.org"]:
        require(value in held["vCard"], f"lost {value!r}: {held['vCard']!r}")
    same(held["photo"], f"data:image/png;base64,{PHOTO}", "photo")


def round_trip_dates(world):
    text = card("card-dates", "Denise Datée", "BDAY:--0820", "ANNIVERSARY:20100612")
    world.tb.call("addCard", world.book, text)
    fields = world.tb.call("card", world.book, "card-dates")["fields"]
    parts = ["Year", "Month", "Day"]
    same([fields[f"Birth{part}"] for part in parts], ["", "8", "20"], "birthday without a year")
    same([fields[f"Anniversary{part}"] for part in parts], ["2010", "6", "12"], "anniversary")


def many(world):
    before = len(world.tb.call("cards", world.extra_book))
    for number in range(MANY):
        world.dav.put(f"{world.extra_book}many-{number}.vcf",
                      card(f"many-{number}", f"Personne N{number}"), "text/vcard", "*")
    world.tb.call("syncBook", world.extra_book)
    same(len(world.tb.call("cards", world.extra_book)), before + MANY, "cards in the client")
