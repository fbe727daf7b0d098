// Makes the page of the description, and sends requests for its reader.
//
// Everything is put into the page as text, never as markup. The login stays in the form's fields: nothing is written to storage or
// cookies, and requests go to this server alone (its policy for this page sees to that too).
"use strict";

const DESCRIPTION = "/api/v1/openapi.json";
const METHODS = ["get", "post", "put", "patch", "delete"];
const MOST_SHOWN = 256 * 1024;
const DEPTH = 8;

let api;

const find = (id) => document.getElementById(id);

// An element with attributes and what is in it: texts and other elements.
function make(name, attributes, ...inside) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...inside.flat().filter((one) => one !== null && one !== undefined));
  return element;
}

// A text in which `words between backquotes` are code.
function prose(text) {
  return (text || "").split("`").map((part, at) => (at % 2 ? make("code", {}, part) : part));
}

function paragraphs(text, attributes) {
  return (text || "").split(/\n{2,}/).filter(Boolean).map((part) => make("p", attributes, prose(part)));
}

function resolve(thing) {
  let found = thing || {};
  for (let at = 0; found.$ref && at < DEPTH; at += 1) {
    found = found.$ref.slice(2).split("/").reduce((inner, key) => (inner || {})[key], api) || {};
  }
  return found;
}

const nameOf = (reference) => reference.split("/").pop();

// ---------------------------------------------------------------- schemas

function typeOf(schema) {
  if (schema.$ref) return nameOf(schema.$ref);
  const types = [].concat(schema.type || []);
  const words = types.map((type) => {
    if (type === "array" && schema.items) return `list of ${typeOf(schema.items) || "anything"}`;
    return type === "null" ? "null" : schema.format ? `${type} (${schema.format})` : type;
  });
  for (const [key, word] of [["oneOf", " or "], ["anyOf", " or "], ["allOf", " and "]]) {
    if (schema[key]) words.push(schema[key].map(typeOf).filter(Boolean).join(word));
  }
  if (schema.const !== undefined) words.push(JSON.stringify(schema.const));
  return words.join(" or ");
}

const BOUNDS = {
  minimum: "at least", maximum: "at most", minLength: "characters at least", maxLength: "characters at most",
  minItems: "entries at least", maxItems: "entries at most", pattern: "like", default: "default", example: "for example",
};

function bounds(schema) {
  const told = Object.entries(BOUNDS)
    .filter(([key]) => schema[key] !== undefined && schema[key] !== null)
    .map(([key, word]) => `${word} ${typeof schema[key] === "string" ? schema[key] : JSON.stringify(schema[key])}`);
  if (schema.enum) told.push(`one of ${schema.enum.map((one) => JSON.stringify(one)).join(", ")}`);
  return told.length ? make("p", { class: "note" }, told.join("; ")) : null;
}

function typeLine(schema) {
  if (schema.$ref) return make("a", { href: `#schema-${nameOf(schema.$ref)}` }, nameOf(schema.$ref));
  const text = typeOf(schema);
  const names = new Set();
  JSON.stringify(schema.items || schema.oneOf || schema.anyOf || schema.allOf || schema, (key, value) => {
    if (key === "$ref") names.add(nameOf(value));
    return key === "properties" ? undefined : value;
  });
  const links = [...names].map((name) => make("a", { href: `#schema-${name}` }, `→ ${name}`));
  return make("span", { class: "type" }, text, ...links.flatMap((link) => [" ", link]));
}

// What a schema says, its members below it. References are named, not followed: each has its place on the page.
function schemaView(schema, depth) {
  const parts = [...paragraphs(schema.description, { class: "note" }), bounds(schema)];
  const inner = schema.type === "array" && schema.items && !schema.items.$ref ? schema.items : schema;
  if (depth < DEPTH && inner.properties) parts.push(members(inner, depth));
  for (const variant of schema.oneOf || schema.anyOf || schema.allOf || []) {
    if (depth < DEPTH && variant.properties) parts.push(make("p", { class: "note" }, "One form:"), members(variant, depth));
  }
  if (depth < DEPTH && schema.additionalProperties && schema.additionalProperties.type) {
    parts.push(make("p", { class: "note" }, "Each further member: ", typeLine(schema.additionalProperties)));
  }
  return parts.filter(Boolean);
}

function members(schema, depth) {
  const needed = new Set(schema.required || []);
  const rows = Object.entries(schema.properties).map(([name, member]) => make("li", {},
    make("code", {}, name), needed.has(name) ? " (required) " : " ", typeLine(member), schemaView(member, depth + 1)));
  return make("ul", { class: "members" }, rows);
}

// A value as the schema describes it, to begin with.
function exampleOf(schema, depth = 0) {
  const found = resolve(schema);
  if (found.example !== undefined) return found.example;
  if (found.default !== undefined && found.default !== null) return found.default;
  if (found.const !== undefined) return found.const;
  if (found.enum) return found.enum[0];
  if (depth > DEPTH) return null;
  const variant = (found.oneOf || found.anyOf || found.allOf || [])[0];
  if (variant) return exampleOf(variant, depth + 1);
  const type = [].concat(found.type || [])[0];
  if (found.properties) {
    const needed = new Set(found.required || []);
    const shown = Object.entries(found.properties).filter(([name, member]) => needed.has(name) || member.example !== undefined);
    return Object.fromEntries(shown.map(([name, member]) => [name, exampleOf(member, depth + 1)]));
  }
  if (type === "array") return found.items && Object.keys(found.items).length ? [exampleOf(found.items, depth + 1)] : [];
  return { string: "", integer: 0, number: 0, boolean: false, object: {} }[type] ?? null;
}

function bodyExample(media, content) {
  const day = new Date(Date.now() + 86400000).toISOString().slice(0, 10);
  const stamp = `${day.replaceAll("-", "")}T090000Z`;
  if (media === "text/calendar") {
    return ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Cenacle//API page//EN", "BEGIN:VEVENT", `UID:${crypto.randomUUID?.() || Date.now()}`,
      `DTSTAMP:${stamp}`, `DTSTART:${stamp}`, "DURATION:PT1H", "SUMMARY:Made from the API page", "END:VEVENT", "END:VCALENDAR", ""].join("\r\n");
  }
  if (media === "text/vcard") {
    return ["BEGIN:VCARD", "VERSION:4.0", "FN:Made from the API page", "END:VCARD", ""].join("\r\n");
  }
  if (media === "application/x-www-form-urlencoded") {
    return new URLSearchParams(Object.entries(exampleOf(content.schema) || {}).map(([key, value]) => [key, String(value)])).toString();
  }
  if (content.example !== undefined) return JSON.stringify(content.example, null, 2);
  return media.endsWith("json") ? JSON.stringify(exampleOf(content.schema), null, 2) : "";
}

// ------------------------------------------------------------- operations

// An operation, with the parameters of its path.
function operationsOf(description) {
  const all = [];
  for (const [path, item] of Object.entries(description.paths)) {
    for (const method of METHODS.filter((one) => item[one])) {
      const operation = item[method];
      const parameters = [...(item.parameters || []), ...(operation.parameters || [])].map(resolve);
      const id = `${method}-${path.replace(/^\/api\/v1\//, "").replace(/[^A-Za-z0-9]+/g, "-").replace(/-$/, "")}`;
      all.push({ id, method, path, operation, parameters, tag: (operation.tags || ["others"])[0] });
    }
  }
  return all;
}

const isPublic = (operation) => operation.security !== undefined && operation.security.every((one) => Object.keys(one).length === 0);

function parametersView(parameters) {
  if (!parameters.length) return [];
  const rows = parameters.map((one) => make("li", {},
    make("code", {}, one.name), ` in the ${one.in}${one.required ? " (required) " : " "}`, typeLine(one.schema || {}),
    paragraphs(one.description, { class: "note" }), bounds({ ...one.schema, example: one.example })));
  return [make("h3", {}, "Parameters"), make("ul", { class: "members" }, rows)];
}

function contentView(content) {
  return Object.entries(content || {}).map(([media, one]) => make("div", {},
    make("p", {}, make("code", {}, media), " ", one.schema ? typeLine(one.schema) : ""),
    one.schema && !one.schema.$ref ? schemaView(one.schema, 1) : null));
}

function answersView(responses) {
  const rows = Object.entries(responses || {}).flatMap(([status, told]) => {
    const answer = resolve(told);
    const headers = Object.entries(answer.headers || {}).map(([name, header]) =>
      make("p", { class: "note" }, make("code", {}, name), `: ${header.description || ""}`));
    return [make("dt", {}, `${status} `, prose(answer.description)), make("dd", {}, headers, contentView(answer.content))];
  });
  return [make("h3", {}, "Answers"), make("dl", { class: "answers" }, rows)];
}

// An operation, folded; what is in it is made when it is unfolded.
function operationView(one) {
  const { method, path, operation } = one;
  const details = make("details", { class: "operation", id: one.id },
    make("summary", {}, make("span", { class: "method" }, method.toUpperCase()), make("span", { class: "path" }, path),
      " ", make("span", { class: "name" }, operation.summary || "")));
  details.addEventListener("toggle", () => {
    if (!details.open || details.dataset.made) return;
    details.dataset.made = "yes";
    details.append(
      ...paragraphs(operation.description),
      isPublic(operation) ? make("p", { class: "note" }, "Needs no login.") : "",
      ...parametersView(one.parameters),
      ...(operation.requestBody ? [make("h3", {}, "Body"), ...contentView(resolve(operation.requestBody).content)] : []),
      ...answersView(operation.responses),
      tryView(one));
  });
  return details;
}

// ---------------------------------------------------------------- try it

function authorization() {
  const value = (id) => find(id).value;
  if (find("kind").value === "bearer" && value("token")) return `Bearer ${value("token").trim()}`;
  if (find("kind").value !== "basic" || !value("user")) return null;
  const bytes = new TextEncoder().encode(`${value("user")}:${value("password")}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

function field(id, label, input) {
  input.id = id;
  return make("p", {}, make("label", { for: id }, label), input);
}

function parameterInput(one) {
  const schema = resolve(one.schema);
  const types = [].concat(schema.type || []);
  const choices = schema.enum || (types.includes("boolean") ? ["true", "false"] : null);
  if (!choices) return make("input", { type: "text", autocomplete: "off", placeholder: one.example ?? schema.example ?? "" });
  return make("select", {}, make("option", { value: "" }, ""), choices.map((choice) => make("option", { value: choice }, String(choice))));
}

// The form that sends a request, and where its answer is told.
function tryView(one) {
  const { operation, method } = one;
  const inputs = one.parameters.map((parameter) => ({ parameter, input: parameterInput(parameter) }));
  const form = make("form", { class: "try", autocomplete: "off", "aria-label": `Request: ${method.toUpperCase()} ${one.path}` },
    make("h3", {}, "Send a request"),
    make("p", { class: "note" }, method === "get" ? "Asked of this server as you." : "Done on this server as you: it is no rehearsal."));
  inputs.forEach(({ parameter, input }, at) => {
    form.append(field(`${one.id}-${at}`, `${parameter.name}${parameter.required ? " (required)" : ""}`, input));
  });
  const answers = Object.values(operation.responses || {}).map(resolve).flatMap((answer) => Object.keys(answer.content || {}));
  const forms = [...new Set(answers)].filter((media) => media !== "application/problem+json");
  const accept = make("select", {}, forms.map((media) => make("option", { value: media }, media)));
  if (forms.length > 1) form.append(field(`${one.id}-accept`, "Form of the answer", accept));
  const content = operation.requestBody ? resolve(operation.requestBody).content || {} : {};
  const medias = Object.keys(content);
  const media = make("select", {}, medias.map((name) => make("option", { value: name }, name)));
  const body = make("textarea", { spellcheck: "false" });
  const refill = () => { body.value = medias.length ? bodyExample(media.value, content[media.value]) : ""; };
  if (medias.length) {
    media.value = ["application/json"].find((name) => medias.includes(name) && content[name].schema?.$ref) || medias[0];
    media.addEventListener("change", refill);
    refill();
    form.append(field(`${one.id}-media`, "Form of the body", media), field(`${one.id}-body`, "Body", body));
  }
  const send = make("button", { type: "submit" }, "Send");
  const stop = make("button", { type: "button", hidden: true }, "Stop");
  const told = make("div", { class: "told", role: "status" });
  form.append(make("p", {}, send, " ", stop), told);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const ending = new AbortController();
    stop.onclick = () => ending.abort();
    [send.disabled, stop.hidden] = [true, false];
    try {
      const request = requestOf(one, inputs, { accept: forms.length ? accept.value : null, media: medias.length ? media.value : null, body: body.value });
      await tell(told, request, ending.signal);
    } catch (error) {
      told.append(make("p", { class: "problem" }, ending.signal.aborted ? "Stopped." : `No answer: ${error.message}`));
    } finally {
      [send.disabled, stop.hidden] = [false, true];
    }
  });
  return form;
}

// What is sent: address, method, headers and body.
function requestOf(one, inputs, chosen) {
  let path = one.path;
  const query = new URLSearchParams();
  const headers = {};
  for (const { parameter, input } of inputs) {
    const value = input.value;
    if (parameter.in === "path") {
      if (!value) throw new Error(`${parameter.name} is missing`);
      path = path.replace(`{${parameter.name}}`, encodeURIComponent(value));
    } else if (value !== "" && parameter.in === "query") query.set(parameter.name, value);
    else if (value !== "" && parameter.in === "header") headers[parameter.name] = value;
  }
  if (chosen.accept) headers.Accept = chosen.accept;
  if (chosen.media) headers["Content-Type"] = chosen.media;
  const login = isPublic(one.operation) ? null : authorization();
  if (login) headers.Authorization = login;
  const asked = query.toString();
  return { url: asked ? `${path}?${asked}` : path, method: one.method.toUpperCase(), headers, body: chosen.media ? chosen.body : undefined };
}

// Sends, and tells the answer as it comes.
async function tell(told, request, signal) {
  told.replaceChildren(make("p", {}, "Waiting…"));
  const begun = performance.now();
  const { url, ...rest } = request;
  const answer = await fetch(url, { ...rest, signal, credentials: "omit", cache: "no-store", redirect: "follow" });
  const headers = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
  const text = make("pre", { class: "answer", tabindex: "0", "aria-label": "Body of the answer" });
  told.replaceChildren(
    make("p", { class: answer.ok ? "status" : "status problem" }, `${answer.status} ${answer.statusText} after ${Math.round(performance.now() - begun)} ms`),
    make("p", { class: "path" }, `${request.method} ${url}`),
    make("pre", { class: "headers", tabindex: "0", "aria-label": "Headers of the answer" }, headers), text);
  const whole = await readInto(text, answer);
  if (whole !== null && /json$/.test((answer.headers.get("content-type") || "").split(";")[0].trim())) {
    try { text.textContent = JSON.stringify(JSON.parse(whole), null, 2); } catch { /* Shown as it came. */ }
  }
}

// The text of an answer, shown while it comes; null where it was too long to show.
async function readInto(place, answer) {
  if (!answer.body) return "";
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
    place.textContent = text.slice(0, MOST_SHOWN);
    if (text.length > MOST_SHOWN) {
      place.append(make("p", { class: "note" }, "It is longer; the rest is not shown."));
      await reader.cancel();
      return null;
    }
  }
  return text;
}

// -------------------------------------------------------------- the page

function byTag(operations) {
  const tags = new Map();
  for (const one of operations) tags.set(one.tag, [...(tags.get(one.tag) || []), one]);
  return [...tags].sort(([a], [b]) => a.localeCompare(b));
}

function show(operations) {
  const capital = (word) => word.charAt(0).toUpperCase() + word.slice(1);
  for (const [tag, all] of byTag(operations)) {
    const id = `tag-${tag.replace(/[^A-Za-z0-9]+/g, "-")}`;
    find("operations").append(make("section", { "aria-labelledby": id, "data-tag": tag },
      make("h2", { id }, capital(tag)), all.map(operationView)));
    find("contents").append(make("details", { "data-tag": tag }, make("summary", {}, capital(tag)),
      make("ul", {}, all.map((one) => make("li", { "data-for": one.id },
        make("a", { href: `#${one.id}` }, `${one.method.toUpperCase()} ${one.operation.summary || one.path}`))))));
  }
  for (const [name, schema] of Object.entries(api.components?.schemas || {})) {
    find("schemas").append(make("details", { class: "schema", id: `schema-${name}` },
      make("summary", {}, make("code", {}, name), " ", typeLine(schema)), schemaView(schema, 0)));
  }
}

// Shows what says all the words, and its place in the list.
function filter(operations) {
  const words = find("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const kept = new Set(operations.filter((one) => {
    const said = `${one.method} ${one.path} ${one.tag} ${one.operation.summary} ${one.operation.description}`.toLowerCase();
    return words.every((word) => said.includes(word));
  }).map((one) => one.id));
  for (const details of document.querySelectorAll(".operation")) details.hidden = !kept.has(details.id);
  for (const item of document.querySelectorAll("#contents li")) item.hidden = !kept.has(item.dataset.for);
  for (const group of document.querySelectorAll("[data-tag]")) {
    group.hidden = !group.querySelector(".operation:not([hidden]), li:not([hidden])");
    if (group.tagName === "DETAILS") group.open = words.length > 0;
  }
  find("status").textContent = words.length ? `${kept.size} of ${operations.length} operations` : `${operations.length} operations`;
}

// Unfolds what the address names.
function unfold() {
  const named = find(decodeURIComponent(location.hash.slice(1)));
  if (!named) return;
  if (named.tagName === "DETAILS") named.open = true;
  named.scrollIntoView();
  named.querySelector("summary")?.focus({ preventScroll: true });
}

async function begin() {
  const kind = find("kind");
  const choose = () => ["basic", "bearer"].forEach((id) => { find(id).hidden = kind.value !== id; });
  kind.addEventListener("change", choose);
  // A browser that fills in what was chosen before a reload.
  find("login").reset();
  choose();
  find("login").addEventListener("submit", (event) => event.preventDefault());
  try {
    const answer = await fetch(DESCRIPTION, { credentials: "omit" });
    if (!answer.ok) throw new Error(`${answer.status}`);
    api = await answer.json();
  } catch (error) {
    find("status").replaceChildren(make("span", { class: "problem" }, `The description could not be read (${error.message}).`));
    return;
  }
  find("title").textContent = `REST API of ${api.info.title} ${api.info.version}`;
  find("about").append(...prose(api.info.description));
  const operations = operationsOf(api);
  show(operations);
  find("filter").addEventListener("input", () => filter(operations));
  filter(operations);
  addEventListener("hashchange", unfold);
  unfold();
}

begin();
