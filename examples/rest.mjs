#!/usr/bin/env node
// The REST API from JavaScript, with nothing but the built-in fetch: a contact is made, changed, found and told as vCard; a stream
// tells what happens meanwhile; all of it is removed again. Runs in Node 18 and, but for the first lines of main, in a browser.
//
//   node examples/rest.mjs http://127.0.0.1:8008 LOGIN PASSWORD

class Api {
  constructor(server) {
    this.base = `${server}/api/v1`;
  }

  // A token for a quarter of an hour that opens no more than contacts; `refresh_token` would renew it.
  async logIn(username, password) {
    const form = new URLSearchParams({ grant_type: "password", username, password, scope: "contacts", device: "rest.mjs" });
    const tokens = await this.ask("POST", "/auth/token", form);
    this.token = tokens.access_token;
    return tokens;
  }

  // The answer's JSON (or text), undefined where it has no body; refusals are thrown as what the problem says.
  async ask(method, path, body, headers = {}) {
    const answer = await this.send(method, path, body, headers);
    const text = await answer.text();
    const json = /\bjson\b/.test(answer.headers.get("Content-Type") ?? "");
    const told = json ? JSON.parse(text) : text || undefined;
    if (!answer.ok) throw Object.assign(new Error(told?.title ?? answer.statusText), told);
    return told;
  }

  send(method, path, body, headers = {}) {
    const plain = body === undefined || body instanceof URLSearchParams;
    return fetch(this.base + path, {
      method,
      headers: {
        ...(this.token && { Authorization: `Bearer ${this.token}` }),
        ...(!plain && { "Content-Type": "application/json" }),
        ...headers,
      },
      body: plain ? body : JSON.stringify(body),
    });
  }

  // Server-Sent Events: calls `tell` with each change until it says that this is enough.
  async follow(path, tell) {
    const answer = await this.send("GET", path, undefined, { Accept: "text/event-stream" });
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ""; ; ) {
      const { value, done } = await reader.read();
      if (done) return;
      const events = (rest + value).split("\n\n");
      rest = events.pop();
      for (const event of events) {
        const data = event.split("\n").find((line) => line.startsWith("data: "));
        if (data && tell(JSON.parse(data.slice(6)))) return reader.cancel();
      }
    }
  }
}

async function main(server, login, password) {
  const api = new Api(server);
  const { refresh_token } = await api.logIn(login, password);
  const book = await api.ask("POST", "/address-books", { name: "Essai" });
  const contacts = `/address-books/${book.id}/contacts`;
  try {
    const { syncToken } = await api.ask("GET", `/address-books/${book.id}`);
    const seen = api.follow(`/address-books/${book.id}/changes?since=${encodeURIComponent(syncToken)}`, ({ changes }) => {
      for (const { id, removed } of changes) console.log(removed ? "removed" : "changed", id);
      return changes.some(({ removed }) => removed);
    });

    // `PUT` under an id of one's own choice; `If-None-Match: *` takes care that nobody else's is overwritten.
    const zoe = `${contacts}/zoe.vcf`;
    const card = { "@type": "Card", version: "1.0", name: { full: "Zoé Martin" }, emails: { 1: { address: "zoe@example.org" } } };
    const { etag } = await api.ask("PUT", zoe, card, { "If-None-Match": "*" });
    await api.ask("PUT", zoe, card, { "If-None-Match": "*" }).catch(({ type }) => console.log("not again:", type));

    // Only if nobody has changed it meanwhile, and only the phone.
    await api.ask("PATCH", zoe, { phones: { 1: { number: "+33 1 23 45 67 89" } } }, { "If-Match": etag });
    const found = await api.ask("GET", `${contacts}?q=zoe&form=jscontact&fields=id,data`);
    for (const { data } of found.items) console.log(data.name.full, Object.values(data.phones)[0].number);
    console.log(await api.ask("GET", zoe, undefined, { Accept: "text/vcard" }));

    await api.ask("DELETE", zoe);
    await seen;
  } finally {
    await api.ask("DELETE", `/address-books/${book.id}`);
    await api.ask("POST", "/auth/revoke", new URLSearchParams({ token: refresh_token }));
    console.log("address book removed, logged out");
  }
}

const [server, login, password] = process.argv.slice(2);
if (!password) {
  console.error("rest.mjs SERVER LOGIN PASSWORD");
  process.exit(2);
}
await main(server, login, password);
