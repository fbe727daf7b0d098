/* Address books and contacts as Thunderbird holds them. Needs shared.js. */

// What the contact's page shows beside names and addresses.
const FIELDS = [
  "NickName", "Notes", "JobTitle", "WebPage1", "HomeAddress", "HomeCity", "HomeZipCode",
  "HomeCountry", "CellularNumber", "Custom1", "BirthYear", "BirthMonth", "BirthDay",
  "AnniversaryYear", "AnniversaryMonth", "AnniversaryDay",
];

function fieldsOf(card) {
  const map = card.vCardProperties.toPropertyMap();
  return Object.fromEntries(FIELDS.map(name => [name, map.get(name) ?? ""]));
}

const books = {
  /** The CardDAV address books that Thunderbird holds. */
  books() {
    return [...MailServices.ab.directories]
      .filter(book => book.getStringValue("carddav.url", ""))
      .map(book => ({
        path: new URL(book.getStringValue("carddav.url", "")).pathname,
        name: book.dirName,
        readOnly: book.readOnly,
        token: book.getStringValue("carddav.token", ""),
        cards: book.childCards.length,
      }));
  },

  /** The same for an address book. */
  spoilBookToken(path, token) {
    bookAt(path)._syncToken = token;
  },

  /** "Synchronise" on one address book. */
  async syncBook(path) {
    const book = bookAt(path);
    await until(() => !book._syncInProgress, "earlier synchronisation");
    await book.syncWithServer();
  },

  /** All cards of a book: `{uid: vCard}`. */
  cards(path) {
    const cards = {};
    for (const card of bookAt(path).childCards) {
      cards[card.UID] = card.getProperty("_vCard", "");
    }
    return cards;
  },

  /** The properties of one card that Thunderbird's list and composer use, or null. */
  card(path, uid) {
    const card = bookAt(path).childCards.find(one => one.UID == uid);
    return (
      card && {
        uid: card.UID,
        name: card.displayName,
        first: card.firstName,
        last: card.lastName,
        emails: card.emailAddresses,
        vCard: card.getProperty("_vCard", ""),
        etag: card.getProperty("_etag", ""),
        href: card.getProperty("_href", ""),
        photo: card.photoURL,
        fields: fieldsOf(card),
      }
    );
  },

  /** Make a card from vCard text; resolves when the server's answer has been taken in. */
  async addCard(path, text) {
    const book = bookAt(path);
    const card = book.addCard(VCardUtils.vCardToAbCard(text), false);
    await until(() => books.card(path, card.UID)?.etag, "the card's ETag from the server");
    return card.UID;
  },

  /** Replace text in a card and save it. */
  async editCard(path, uid, from, to) {
    const before = books.card(path, uid);
    if (!before.vCard.includes(from)) {
      throw new Error(`the card does not hold ${from}`);
    }
    const card = VCardUtils.vCardToAbCard(before.vCard.replaceAll(from, to), uid);
    for (const name of ["_etag", "_href"]) {
      card.setProperty(name, before[name.slice(1)]);
    }
    bookAt(path).modifyCard(card);
    await until(() => books.card(path, uid).etag != before.etag, "a new ETag for the card");
  },

  /** Delete a card. */
  removeCard(path, uid) {
    const book = bookAt(path);
    book.deleteCards([book.childCards.find(one => one.UID == uid)]);
  },
};
