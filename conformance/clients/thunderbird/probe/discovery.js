/* The person before the screen: set-up dialogs, prompts, pictures. Needs shared.js. */
const discovery = {
  /** Who sits before the screen: answers to password and conflict dialogs. */
  person(answers) {
    Object.assign(person, answers);
  },

  /** Dialogs that opened since the last call. */
  dialogs() {
    return seen.splice(0);
  },

  /** Warnings and errors of the calendar and address-book code since the last call. */
  complaints() {
    return complaints.splice(0);
  },

  /** Whether the main window is there and calendars can be asked. */
  async ready() {
    await until(() => document.readyState == "complete", "main window", 60000);
    await until(() => cal.manager.getCalendars(), "calendar manager", 60000);
    return Services.appinfo.version;
  },

  /** Walk "New calendar > On the network" to the list of what was found; registers all of it. */
  async subscribeCalendars(user, location) {
    window.openDialog(CREATION, "caEditServer", "chrome,titlebar,resizable,centerscreen", null);
    const win = await until(() => {
      const one = [...Services.wm.getEnumerator(null)].find(w => w.location.href == CREATION);
      return one?.document.readyState == "complete" && one;
    }, "calendar dialog");
    const dialog = await dialogElement(win, "calendar-creation-dialog");
    await until(() => dialog.getButton?.("accept"), "dialog buttons");
    win.document.getElementById("calendar-type").value = "network";
    dialog.getButton("accept").click();
    const userBox = await dialogElement(win, "network-username-input");
    await until(() => !win.document.getElementById("panel-network-calendar-settings").hidden,
      "network panel");
    const set = (box, value) => {
      box.value = value;
      box.dispatchEvent(new win.Event("input", { bubbles: true }));
    };
    set(userBox, user);
    set(win.document.getElementById("network-location-input"), location);
    dialog.getButton("accept").click();
    const status = () =>
      win.document.querySelector(".network-status-row").getAttribute("status");
    await until(
      () =>
        !win.document.getElementById("panel-select-calendars").hidden ||
        !["loading", "none"].includes(status()),
      "detection",
      60000
    );
    if (win.document.getElementById("panel-select-calendars").hidden) {
      const outcome = status();
      win.close();
      return { status: outcome, calendars: [] };
    }
    const calendars = [...win.document.getElementById("network-calendar-list").children].map(
      row => ({
        name: row.calendar.name,
        url: row.calendar.uri.spec,
        colour: row.calendar.getProperty("color"),
        readOnly: row.calendar.readOnly,
        checked: row.querySelector(".calendar-selected").checked,
      })
    );
    dialog.getButton("accept").click();
    await until(() => win.closed, "dialog closing");
    return { status: "found", calendars };
  },

  /** Calendar detection as the dialogs call it, without subscribing. */
  async detectCalendars(user, password, location) {
    try {
      const map = await cal.provider.detection.detect(user, password, location, false, [], {});
      const list = [];
      for (const [provider, calendars] of map) {
        list.push(...calendars.map(c => ({ type: provider.type, url: c.uri.spec, name: c.name })));
      }
      return { calendars: list };
    } catch (error) {
      return { error: error.name, calendars: [] };
    }
  },

  /** Walk "New CardDAV address book" and take every book found. */
  async subscribeBooks(user, location) {
    window.openDialog(CARDDAV, "_blank", "chrome,titlebar,resizable,centerscreen", {});
    const win = await until(() => {
      const one = [...Services.wm.getEnumerator(null)].find(w => w.location.href == CARDDAV);
      return one?.document.readyState == "complete" && one;
    }, "address book dialog");
    const dialog = await dialogElement(win, "carddav-dialog");
    await until(() => dialog.getButton?.("accept"), "dialog buttons");
    (await dialogElement(win, "carddav-username")).value = user;
    win.document.getElementById("carddav-location").value = location;
    dialog.getButton("accept").click();
    const state = () => win.document.getElementById("carddav-statusArea").getAttribute("status");
    await until(
      () => !win.document.getElementById("carddav-resultsArea").hidden || state() == "error",
      "detection",
      60000
    );
    if (win.document.getElementById("carddav-resultsArea").hidden) {
      win.close();
      return { status: "error", books: [] };
    }
    const books = [...win.document.getElementById("carddav-availableBooks").children].map(
      box => ({ name: box.label, url: box.value, checked: box.checked })
    );
    dialog.getButton("accept").click();
    await until(() => win.closed, "dialog closing");
    return { status: "found", books };
  },

  /** Address-book detection as the account set-up calls it, without subscribing. */
  async detectBooks(user, password, location) {
    try {
      const list = await CardDAVUtils.detectAddressBooks(user, password, location, false, false);
      return { books: list.map(book => ({ name: book.name, url: book.url.href })) };
    } catch (error) {
      return { error: error.message, books: [] };
    }
  },

  /** Saved logins as `user at origin`. */
  async logins() {
    return (await Services.logins.getAllLogins()).map(one => `${one.username} at ${one.origin}`);
  },

  /** Work offline, or go online again. */
  offline(yes) {
    Services.io.offline = yes;
  },

  /** Show the calendar tab on a day, for the picture. */
  async showCalendar(day) {
    const tabs = document.getElementById("tabmail");
    tabs.openTab("calendar");
    await pause(500);
    window.goToDate?.(cal.createDateTime(day));
    await pause(1500);
  },

  /** Show the address book tab, for the picture. */
  async showBooks() {
    await window.toAddressBook();
    await pause(2500);
  },
};
