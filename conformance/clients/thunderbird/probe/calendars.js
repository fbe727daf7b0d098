/* Calendars, events and tasks as Thunderbird holds them. Needs shared.js. */
const calendars = {
  /** The CalDAV calendars that Thunderbird holds. */
  calendars() {
    return cal.manager
      .getCalendars()
      .filter(one => one.type == "caldav")
      .map(one => ({
        path: one.uri.filePath,
        name: one.name,
        colour: one.getProperty("color"),
        readOnly: one.readOnly,
        disabled: !!one.getProperty("disabled"),
        status: one.getProperty("currentStatus") ?? 0,
        cached: !!one.getProperty("cache.enabled"),
        events: one.getProperty("capabilities.events.supported"),
        tasks: one.getProperty("capabilities.tasks.supported"),
        checked: !!uncached(one).checkedServerInfo,
        sync: uncached(one).mHasWebdavSyncSupport,
        token: uncached(one).mWebdavSyncToken,
        davError: uncached(one).mDisabledByDavError,
      }));
  },

  /** The reload button for one calendar; resolves when Thunderbird reports the load done. */
  async refresh(path) {
    const calendar = calendarAt(path);
    await new Promise((resolve, reject) => {
      const observer = {
        QueryInterface: ChromeUtils.generateQI(["calIObserver"]),
        onStartBatch() {},
        onEndBatch() {},
        onLoad() {
          clearTimeout(timer);
          calendar.removeObserver(observer);
          resolve();
        },
        onAddItem() {},
        onModifyItem() {},
        onDeleteItem() {},
        onError() {},
        onPropertyChanged() {},
        onPropertyDeleting() {},
      };
      const timer = setTimeout(() => {
        calendar.removeObserver(observer);
        reject(new Error(`refresh of ${path} did not end`));
      }, 30000);
      calendar.addObserver(observer);
      calendar.refresh();
    });
  },

  /** As when the program starts: asks the server anew what a calendar is, and what may be done there. */
  async lookAgain(path) {
    uncached(calendarAt(path)).checkedServerInfo = false;
    // A calendar that is not there any more ends without being loaded.
    await calendars.refresh(path).catch(() => {});
  },

  /** The box "Read only" of a calendar's properties, taken off. */
  allowWriting(path) {
    calendarAt(path).readOnly = false;
  },

  /** "Delete calendar", from this program alone. */
  forgetCalendar(path) {
    cal.manager.unregisterCalendar(calendarAt(path));
  },

  /** One item as Thunderbird holds it, or null. */
  async item(path, id) {
    const item = await found(calendarAt(path), id);
    return item && summary(item);
  },

  /** The iCalendar text of one item as Thunderbird holds it, or null. */
  async itemText(path, id) {
    const item = await found(calendarAt(path), id);
    return item && textOf(item);
  },

  /** How many items a calendar holds. */
  async count(path) {
    const all = Ci.calICalendar.ITEM_FILTER_ALL_ITEMS;
    return (await calendarAt(path).getItemsAsArray(all, 0, null, null)).length;
  },

  /** Instances between two UTC date-times, as a view asks for them. */
  async instances(path, from, to) {
    const filter =
      Ci.calICalendar.ITEM_FILTER_ALL_ITEMS | Ci.calICalendar.ITEM_FILTER_CLASS_OCCURRENCES;
    const items = await calendarAt(path).getItemsAsArray(
      filter,
      0,
      cal.createDateTime(from),
      cal.createDateTime(to)
    );
    return items.map(summary).sort((a, b) => (a.start < b.start ? -1 : 1));
  },

  /** Make an item from iCalendar text, as a finished item dialog does. */
  async add(path, text) {
    const item = await calendarAt(path).addItem(parsed(text));
    return item.id;
  },

  /** Import several items at once, as the import of a file does. */
  async addTogether(path, texts) {
    const calendar = calendarAt(path);
    await Promise.all(texts.map(text => calendar.addItem(parsed(text))));
  },

  /** Move an item to another calendar as the item dialog does: add there, then remove here. */
  async moveTo(path, id, other) {
    const item = await found(calendarAt(path), id);
    await calendarAt(other).addItem(item);
    await calendarAt(path).deleteItem(item);
  },

  /** Dismiss the reminder of an item. */
  async dismissAlarm(path, id) {
    const calendar = calendarAt(path);
    const old = await found(calendar, id);
    const item = old.clone();
    item.alarmLastAck = cal.dtz.jsDateToDateTime(new Date(), cal.dtz.UTC);
    await calendar.modifyItem(item, old);
  },

  /** Change properties of an item; a value of null removes the property. */
  async modify(path, id, changes) {
    const calendar = calendarAt(path);
    const old = await found(calendar, id);
    const item = old.clone();
    for (const [name, value] of Object.entries(changes)) {
      if (name == "start" || name == "end") {
        item[name + "Date"] = cal.createDateTime(value);
      } else if (name == "completed") {
        item.isCompleted = value;
      } else if (value === null) {
        item.deleteProperty(name);
      } else {
        item.setProperty(name, value);
      }
    }
    try {
      await calendar.modifyItem(item, old);
      return "done";
    } catch (error) {
      return `refused: ${error.message ?? error}`;
    }
  },

  /** The same without waiting, since Thunderbird never reports some conflicts as ended. */
  modifyLater(path, id, changes) {
    calendars.modify(path, id, changes).catch(console.error);
  },

  /** Remove an item. */
  async remove(path, id) {
    const calendar = calendarAt(path);
    await calendar.deleteItem(await found(calendar, id));
  },

  /** Move the instance of a series that starts at `start` (UTC) to another start and end. */
  async moveInstance(path, id, start, newStart, newEnd) {
    const calendar = calendarAt(path);
    const master = await found(calendar, id);
    const [instance] = master.recurrenceInfo.getOccurrences(
      cal.createDateTime(start),
      cal.createDateTime(newEnd),
      1
    );
    const changed = master.clone();
    const occurrence = changed.recurrenceInfo.getOccurrenceFor(instance.recurrenceId).clone();
    const zone = occurrence.startDate.timezone;
    occurrence.startDate = cal.createDateTime(newStart).getInTimezone(zone);
    occurrence.endDate = cal.createDateTime(newEnd).getInTimezone(zone);
    changed.recurrenceInfo.modifyException(occurrence, true);
    await calendar.modifyItem(changed, master);
  },

  /** Delete one instance of a series. */
  async removeInstance(path, id, start, end) {
    const calendar = calendarAt(path);
    const master = await found(calendar, id);
    const changed = master.clone();
    const [instance] = changed.recurrenceInfo.getOccurrences(
      cal.createDateTime(start),
      cal.createDateTime(end),
      1
    );
    changed.recurrenceInfo.removeOccurrenceAt(instance.recurrenceId);
    await calendar.modifyItem(changed, master);
  },

  /** Replace the remembered sync-token of a calendar: what a restored server would not know. */
  spoilCalendarToken(path, token) {
    uncached(calendarAt(path)).mWebdavSyncToken = token;
  },
};
