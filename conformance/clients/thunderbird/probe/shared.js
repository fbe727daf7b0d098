/* What all parts of the probe use; evaluated first, inside one function in the main window.
 *
 * The probe only does what a person's hands or Thunderbird's own interface code would: it fills
 * dialogs, calls the public calendar and address-book interfaces, and reads what they hold. It must
 * never reach round Thunderbird to the server, nor change how Thunderbird talks to it.
 */
const { cal } = ChromeUtils.importESModule("resource:///modules/calendar/calUtils.sys.mjs");
const { CardDAVUtils } = ChromeUtils.importESModule("resource:///modules/CardDAVUtils.sys.mjs");
const { CardDAVDirectory } = ChromeUtils.importESModule(
  "resource:///modules/CardDAVDirectory.sys.mjs"
);
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const { VCardUtils } = ChromeUtils.importESModule("resource:///modules/VCardUtils.sys.mjs");

// A window's own timers stand still while a modal dialog is before it.
const { setTimeout, clearTimeout } = ChromeUtils.importESModule(
  "resource://gre/modules/Timer.sys.mjs"
);

const CREATION = "chrome://calendar/content/calendar-creation.xhtml";
const CARDDAV = "chrome://messenger/content/addressbook/abCardDAVDialog.xhtml";
const CONFLICT = "chrome://calendar/content/calendar-conflicts-dialog.xhtml";
const COMMON = "chrome://global/content/commonDialog.xhtml";

const pause = ms => new Promise(resolve => setTimeout(resolve, ms));

async function until(condition, what, ms = 20000) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await condition();
    if (value) {
      return value;
    }
    if (Date.now() > end) {
      throw new Error(`${what}: not within ${ms} ms`);
    }
    await pause(50);
  }
}

// Dialogs that Thunderbird opens of its own accord are answered as a person would and noted.
const seen = [];
const person = { user: null, password: null, conflict: "keep" };

async function answer(win) {
  const url = win.location.href;
  const entry = { url, text: "", answered: "none" };
  if (url == COMMON) {
    seen.push(entry);
    await until(() => win.document.getElementById("commonDialog")?.getButton?.("accept"), url);
    await pause(100);
    const dialog = win.document.getElementById("commonDialog");
    entry.text = win.document.getElementById("infoBody")?.textContent ?? "";
    const login = win.document.getElementById("loginTextbox");
    const secret = win.document.getElementById("password1Textbox");
    const asks = !win.document.getElementById("password1Container").hidden;
    if (asks && person.password !== null) {
      if (!win.document.getElementById("loginContainer").hidden && person.user !== null) {
        login.value = person.user;
      }
      secret.value = person.password;
      const remember = win.document.getElementById("checkbox");
      if (!remember.parentNode.hidden && !remember.checked) {
        remember.click();
      }
      entry.answered = "password";
      dialog.getButton("accept").click();
    } else {
      entry.answered = "cancel";
      dialog.getButton("cancel").click();
    }
  } else if (url == CONFLICT) {
    seen.push(entry);
    const dialog = await until(() => win.document.querySelector("dialog"), url);
    await pause(100);
    entry.text = win.document.getElementById("conflicts-description").textContent;
    entry.answered = person.conflict;
    dialog.getButton(person.conflict == "overwrite" ? "accept" : "cancel").click();
  } else if (url.endsWith("calendar-uri-redirect-dialog.xhtml")) {
    seen.push(entry);
  }
}

Services.ww.registerNotification({
  observe(win, topic) {
    if (topic == "domwindowopened") {
      win.addEventListener("load", () => answer(win).catch(console.error), { once: true });
    }
  },
});

// What Thunderbird's calendar and address-book code tells the console as a warning or an error.
const complaints = [];
Cc["@mozilla.org/consoleAPI-storage;1"].getService(Ci.nsIConsoleAPIStorage).addLogEventListener(
  message => {
    const said = message.wrappedJSObject ?? message;
    if (["warn", "error"].includes(said.level) && /^cal|^carddav/.test(said.prefix ?? "")) {
      complaints.push(`${said.prefix}: ${[...said.arguments].map(String).join(" ")}`);
    }
  },
  Cc["@mozilla.org/systemprincipal;1"].createInstance(Ci.nsIPrincipal)
);

function calendarAt(path) {
  const found = cal.manager.getCalendars().find(one => one.uri.filePath == path);
  if (!found) {
    throw new Error(`no calendar at ${path}`);
  }
  return found;
}

function uncached(calendar) {
  return calendar.wrappedJSObject.mUncachedCalendar?.wrappedJSObject ?? calendar.wrappedJSObject;
}

function bookAt(path) {
  for (const book of MailServices.ab.directories) {
    const url = book.getStringValue("carddav.url", "");
    if (url && new URL(url).pathname == path) {
      return CardDAVDirectory.forFile(book.fileName);
    }
  }
  throw new Error(`no address book at ${path}`);
}

function parsed(text) {
  const parser = Cc["@mozilla.org/calendar/ics-parser;1"].createInstance(Ci.calIIcsParser);
  parser.parseString(text);
  const [first] = parser.getItems();
  if (!first) {
    throw new Error(`no item in ${text}`);
  }
  return first;
}

function textOf(item) {
  const serializer = Cc["@mozilla.org/calendar/ics-serializer;1"].createInstance(
    Ci.calIIcsSerializer
  );
  serializer.addItems([item]);
  return serializer.serializeToString();
}

const instant = date =>
  date && (date.isDate ? date.icalString : date.getInTimezone(cal.dtz.UTC).icalString);

function summary(item) {
  return {
    id: item.id,
    title: item.title,
    description: item.getProperty("DESCRIPTION"),
    location: item.getProperty("LOCATION"),
    status: item.getProperty("STATUS"),
    start: instant(item.startDate ?? item.entryDate),
    end: instant(item.endDate ?? item.dueDate),
    completed: item.isTodo() ? item.isCompleted : null,
    percent: item.isTodo() ? item.percentComplete : null,
    alarms: item.getAlarms().length,
    categories: item.getCategories(),
    recurs: !!item.recurrenceInfo,
  };
}

async function found(calendar, id) {
  return calendar.getItem(id);
}

async function dialogElement(win, id) {
  return until(() => win.document.getElementById(id), `element ${id}`);
}
