// tsdav's own functions against the server: accounts, calendars, objects, both ways of synchronising,
// free-busy, address books. RFC 4791, 6352, 6578. It must know no path of the server but its root.

import { strict as assert } from "node:assert";
import { pathToFileURL } from "node:url";

const { CENACLE_NODE, CENACLE_URL } = process.env;
const tsdav = await import(pathToFileURL(`${CENACLE_NODE}/tsdav/node_modules/tsdav/dist/tsdav.mjs`));

const failed = new Set();

// One line a check; a check whose forerunner failed is reported as failed, so the set of names is fixed.
async function check(name, needs, body) {
  const lacking = needs.find((need) => failed.has(need));
  try {
    if (lacking) throw new Error(`needs ${lacking}, which failed`);
    await body();
    console.log(`PASS ${name}`);
  } catch (error) {
    failed.add(name);
    if (!lacking) console.error(name, error);
    console.log(`FAIL ${name}: ${String(error.message).replace(/\s+/g, " ").slice(0, 400)}`);
  }
}

const lines = (...list) => list.map((line) => `${line}\r\n`).join("");

const event = (uid, summary, ...more) =>
  lines("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//conformance//tsdav//EN", "BEGIN:VEVENT", `UID:${uid}`,
    "DTSTAMP:20260101T000000Z", "DTSTART:20261207T090000Z", "DTEND:20261207T100000Z", `SUMMARY:${summary}`,
    ...more, "END:VEVENT", "END:VCALENDAR");

const card = (uid, name) =>
  lines("BEGIN:VCARD", "VERSION:3.0", `UID:${uid}`, `FN:${name}`, `N:${name};;;;`, "EMAIL;TYPE=INTERNET:a@example.net",
    "END:VCARD");

const client = (accountType, password = "alice-secret") =>
  new tsdav.DAVClient({
    serverUrl: CENACLE_URL,
    credentials: { username: "alice", password },
    authMethod: "Basic",
    defaultAccountType: accountType,
  });

const etagOf = (answer) => answer.headers.get("etag");
const december = { start: "2026-12-01T00:00:00Z", end: "2027-01-01T00:00:00Z" };

const cal = client("caldav");
const series = event("ts-series", "Series of three", "RRULE:FREQ=WEEKLY;COUNT=3");
let calendar;
let synced;
let object;

await check("login-caldav", [], async () => {
  await cal.login();
  assert.ok(cal.account.principalUrl, "no principal");
  assert.ok(cal.account.homeUrl, "no home");
});

await check("fetch-calendars", ["login-caldav"], async () => {
  const calendars = await cal.fetchCalendars();
  const components = calendars.flatMap((each) => each.components);
  assert.ok(components.includes("VEVENT") && components.includes("VTODO"), `components: ${components}`);
  for (const each of calendars) {
    assert.ok(each.ctag, `no ctag on ${each.url}`);
    assert.ok(each.syncToken, `no sync-token on ${each.url}`);
    for (const report of ["syncCollection", "calendarQuery", "calendarMultiget", "freeBusyQuery"]) {
      assert.ok(each.reports.includes(report), `no ${report} on ${each.url}: ${each.reports}`);
    }
  }
});

await check("user-addresses", ["login-caldav"], async () => {
  const addresses = await tsdav.fetchCalendarUserAddresses({ account: cal.account, headers: cal.authHeaders });
  assert.ok(addresses.includes("mailto:alice@example.org"), `addresses: ${addresses}`);
});

await check("make-calendar", ["login-caldav"], async () => {
  const url = new URL("ts-made/", cal.account.homeUrl).href;
  await cal.makeCalendar({
    url,
    props: {
      "d:displayname": "Équipe <tsdav> & co",
      "ca:calendar-color": "#00AA11FF",
      "c:supported-calendar-component-set": { "c:comp": { _attributes: { name: "VEVENT" } } },
    },
  });
  calendar = (await cal.fetchCalendars()).find((each) => each.url === url);
  assert.ok(calendar, "the calendar is not listed");
  assert.equal(calendar.displayName, "Équipe <tsdav> & co");
  assert.equal(calendar.calendarColor, "#00AA11FF");
  assert.deepEqual(calendar.components, ["VEVENT"]);
});

await check("create-object", ["make-calendar"], async () => {
  const create = (filename, iCalString) => cal.createCalendarObject({ calendar, filename, iCalString });
  const answer = await create("ts-one.ics", event("ts-one", "One"));
  assert.equal(answer.status, 201);
  assert.match(etagOf(answer) ?? "", /^".+"$/, "no strong ETag");
  assert.equal((await create("ts-one.ics", event("ts-one", "Again"))).status, 412, "created twice");
  assert.equal((await create("ts-series.ics", series)).status, 201);
  assert.equal((await create("name with spaces é.ics", event("ts-name", "Named"))).status, 201);
});

await check("fetch-objects", ["create-object"], async () => {
  const objects = await cal.fetchCalendarObjects({ calendar });
  assert.equal(objects.length, 3);
  object = objects.find((each) => each.url.endsWith("ts-one.ics"));
  assert.equal(object.data.trim().replace(/\r/g, ""), event("ts-one", "One").trim().replace(/\r/g, ""));
});

await check("fetch-objects-without-multiget", ["create-object"], async () => {
  const objects = await cal.fetchCalendarObjects({ calendar, useMultiGet: false });
  assert.equal(objects.length, 3);
  assert.ok(objects.every((each) => each.etag && each.data.includes("BEGIN:VEVENT")));
});

await check("fetch-by-url", ["create-object"], async () => {
  const objects = await cal.fetchCalendarObjects({ calendar, objectUrls: [new URL("ts-series.ics", calendar.url).href] });
  assert.equal(objects.length, 1);
  assert.ok(objects[0].data.includes("Series of three"));
});

await check("time-range", ["create-object"], async () => {
  const week = { start: "2026-12-14T00:00:00Z", end: "2026-12-15T00:00:00Z" };
  const objects = await cal.fetchCalendarObjects({ calendar, timeRange: week });
  assert.deepEqual(objects.map((each) => each.url.split("/").at(-1)), ["ts-series.ics"]);
});

await check("expand", ["create-object"], async () => {
  const objects = await cal.fetchCalendarObjects({ calendar, timeRange: december, expand: true });
  const expanded = objects.find((each) => each.url.endsWith("ts-series.ics")).data;
  assert.equal(expanded.match(/BEGIN:VEVENT/g).length, 3);
  assert.ok(!expanded.includes("RRULE"), "RRULE in an expanded answer");
});

await check("free-busy", ["create-object"], async () => {
  // The library's own function parses the answer as XML; free-busy is text/calendar (RFC 4791 section 7.10).
  const body = '<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav">' +
    '<C:time-range start="20261201T000000Z" end="20270101T000000Z"/></C:free-busy-query>';
  const answer = await fetch(calendar.url, {
    method: "REPORT", headers: { ...cal.authHeaders, depth: "1", "content-type": "application/xml" }, body,
  });
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get("content-type"), /^text\/calendar/);
  const text = (await answer.text()).replace(/\r\n[ \t]/g, "");
  const periods = text.split(/\r?\n/).filter((line) => line.startsWith("FREEBUSY")).join(",").match(/\d{8}T\d{6}Z\//g);
  assert.equal(new Set(periods).size, 3, text);
});

await check("smart-sync-webdav", ["create-object"], async () => {
  const fresh = (await cal.fetchCalendars()).find((each) => each.url === calendar.url);
  const collection = { ...fresh, objects: await cal.fetchCalendarObjects({ calendar }), objectMultiGet: tsdav.calendarMultiGet };
  await cal.createCalendarObject({ calendar, filename: "ts-new.ics", iCalString: event("ts-new", "New") });
  const changed = { ...object, data: event("ts-one", "One changed") };
  assert.equal((await cal.updateCalendarObject({ calendarObject: changed })).status, 204);
  const gone = collection.objects.find((each) => each.url.includes("name"));
  const deletion = await cal.deleteCalendarObject({ calendarObject: gone });
  assert.ok(deletion.ok, `DELETE ${gone.url} If-Match ${gone.etag}: ${deletion.status}`);
  const common = { method: "webdav", account: cal.account, headers: cal.authHeaders };
  const result = await tsdav.smartCollectionSyncDetailed({ collection, ...common });
  const names = (list) => list.map((each) => each.url.split("/").at(-1));
  assert.deepEqual(names(result.objects.created), ["ts-new.ics"]);
  assert.deepEqual(names(result.objects.updated), ["ts-one.ics"]);
  assert.equal(result.objects.deleted.length, 1);
  assert.equal(result.objects.deleted[0].url, gone.url);
  const again = await tsdav.smartCollectionSyncDetailed({ collection: { ...collection, syncToken: result.syncToken }, ...common });
  assert.deepEqual(again.objects, { created: [], updated: [], deleted: [] });
});

await check("update-is-conditional", ["smart-sync-webdav"], async () => {
  const stale = { ...object, data: event("ts-one", "Lost update") };
  assert.equal((await cal.updateCalendarObject({ calendarObject: stale })).status, 412);
  assert.equal((await cal.deleteCalendarObject({ calendarObject: stale })).status, 412);
});

await check("smart-sync-basic", ["create-object"], async () => {
  const fresh = (await cal.fetchCalendars()).find((each) => each.url === calendar.url);
  const fetchObjects = ({ collection, ...rest }) => tsdav.fetchCalendarObjects({ calendar: collection, ...rest });
  synced = { ...fresh, objects: await cal.fetchCalendarObjects({ calendar }), fetchObjects };
  const common = { method: "basic", account: cal.account, headers: cal.authHeaders };
  const idle = await tsdav.isCollectionDirty({ collection: synced, headers: cal.authHeaders });
  assert.equal(idle.isDirty, false, "dirty without a change");
  await cal.createCalendarObject({ calendar, filename: "ts-late.ics", iCalString: event("ts-late", "Late") });
  const result = await tsdav.smartCollectionSyncDetailed({ collection: synced, ...common });
  assert.equal(result.objects.created.length, 1);
  assert.notEqual(result.ctag, synced.ctag);
});

await check("sync-calendars", ["smart-sync-basic"], async () => {
  const before = await cal.fetchCalendars();
  await cal.makeCalendar({ url: new URL("ts-second/", cal.account.homeUrl).href, props: { "d:displayname": "Second" } });
  await cal.createCalendarObject({ calendar, filename: "ts-last.ics", iCalString: event("ts-last", "Last") });
  const result = await tsdav.syncCalendarsDetailed({ oldCalendars: before, account: cal.account, headers: cal.authHeaders });
  assert.deepEqual(result.created.map((each) => each.displayName), ["Second"]);
  assert.deepEqual(result.updated.map((each) => each.url), [calendar.url]);
  assert.ok(result.updated[0].objects.some((each) => each.data.includes("SUMMARY:Last")));
  assert.deepEqual(result.deleted, []);
});

await check("delete-calendar", ["sync-calendars"], async () => {
  const url = new URL("ts-second/", cal.account.homeUrl).href;
  assert.ok((await cal.deleteObject({ url })).ok);
  assert.ok(!(await cal.fetchCalendars()).some((each) => each.url === url), "still listed");
});

const contacts = client("carddav");
let book;
let vcard;

await check("login-carddav", [], async () => {
  await contacts.login();
  assert.ok(contacts.account.homeUrl, "no home");
});

await check("fetch-address-books", ["login-carddav"], async () => {
  const books = await contacts.fetchAddressBooks();
  assert.ok(books.length >= 1, "no address book");
  [book] = books;
  for (const report of ["syncCollection", "addressbookQuery", "addressbookMultiget"]) {
    assert.ok(book.reports.includes(report), `no ${report}: ${book.reports}`);
  }
});

await check("create-vcards", ["fetch-address-books"], async () => {
  for (const [uid, name] of [["ts-c1", "Zoé"], ["ts-c2", "Yann"]]) {
    const answer = await contacts.createVCard({ addressBook: book, filename: `${uid}.vcf`, vCardString: card(uid, name) });
    assert.equal(answer.status, 201);
  }
  const again = await contacts.createVCard({ addressBook: book, filename: "ts-c1.vcf", vCardString: card("ts-c1", "X") });
  assert.equal(again.status, 412, "created twice");
});

await check("fetch-vcards", ["create-vcards"], async () => {
  const found = await contacts.fetchVCards({ addressBook: book });
  assert.equal(found.length, 2);
  vcard = found.find((each) => each.url.endsWith("ts-c1.vcf"));
  assert.ok(vcard.data.includes("FN:Zoé"), vcard.data);
  const one = await contacts.fetchVCards({ addressBook: book, objectUrls: [vcard.url] });
  assert.equal(one.length, 1);
});

await check("address-book-query", ["create-vcards"], async () => {
  const found = await tsdav.addressBookQuery({
    url: book.url,
    depth: "1",
    headers: contacts.authHeaders,
    props: { "d:getetag": {}, "card:address-data": {} },
    filters: { "prop-filter": { _attributes: { name: "FN" }, "text-match": { _attributes: { "match-type": "starts-with" }, _text: "zo" } } },
  });
  assert.deepEqual(found.map((each) => each.href.split("/").at(-1)), ["ts-c1.vcf"]);
});

await check("sync-vcards", ["fetch-vcards"], async () => {
  const objects = await contacts.fetchVCards({ addressBook: book });
  const fresh = (await contacts.fetchAddressBooks()).find((each) => each.url === book.url);
  const collection = { ...fresh, objects, objectMultiGet: tsdav.addressBookMultiGet };
  assert.equal((await contacts.updateVCard({ vCard: { ...vcard, data: card("ts-c1", "Zoé B") } })).status, 204);
  const gone = objects.find((each) => each.url.endsWith("ts-c2.vcf"));
  assert.ok((await contacts.deleteVCard({ vCard: gone })).ok);
  const result = await tsdav.smartCollectionSyncDetailed({
    collection, method: "webdav", account: contacts.account, headers: contacts.authHeaders,
  });
  assert.equal(result.objects.created.length, 0);
  assert.ok(result.objects.updated.length === 1 && result.objects.updated[0].data.includes("FN:Zoé B"));
  assert.deepEqual(result.objects.deleted.map((each) => each.url), [gone.url]);
});

await check("wrong-password", [], async () => {
  await assert.rejects(client("caldav", "not-the-secret").login());
});
