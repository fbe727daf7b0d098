"""Random recurrence rules: our engine against python-dateutil.

Usage: compare.py PROBE [CASES [SEED]], where PROBE is the built example `recur_probe`. The last line says
`N passed, N failed`. dateutil expands in naive local time; zones are applied afterwards as RFC 5545 3.3.5 has it
(the offset before a gap, the first of an overlap), which is what zoneinfo does with fold=0.

Where dateutil and RFC 5545 part ways, the question to dateutil is put so that its answer is the RFC's:

* DTSTART. dateutil leaves out a DTSTART that the rule does not give; RFC 5545 3.8.5.3 counts it as the first
  instance. So the rule is asked without COUNT, DTSTART is added, and COUNT is applied here.
* BYWEEKNO without BYDAY (or other day part). dateutil gives all seven days; RFC 5545 3.3.10 takes what is missing from
  DTSTART, as libical does. So BYDAY is added to the question.
* WEEKLY with BYSETPOS. dateutil starts its first set at DTSTART instead of the start of that week. So dateutil is asked
  from the start of the week, and what comes before DTSTART is dropped.
* BYDAY that mixes plain and numbered days (`MO,1TU`). dateutil joins the two by "and", which gives nothing. Such a rule is
  never generated here; the unit tests have it.
* BYWEEKNO 52 and 53, from either end. dateutil reckons the number of weeks of the year before from the wrong year's length
  (1 January 2022 becomes week 53 of 2021, which has 52), and looks for the days of December that lie in week 1 of the
  next year only under 1, not under -52 or -53. Those numbers are never generated here; the model in the unit tests has
  them.
* BYSETPOS with YEARLY and BYWEEKNO: agrees, since both take the set inside the calendar year.
* INTERVAL with BYHOUR, BYMINUTE or BYSECOND that can never meet: dateutil refuses; then DTSTART is the only instance.
* UNTIL as a date beside a time: dateutil reads midnight; we and libical the whole day. UNTIL here is a time, or a date
  beside DATE values.
* Zones whose future rules change with every release of the zone data (Morocco) are left out: two copies need not agree.
* HOURLY, MINUTELY and SECONDLY with date parts that hardly ever match take dateutil minutes: cases over the time limit are
  counted as skipped.
"""

import json
import multiprocessing
import random
import signal
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from dateutil import rrule

DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
ZONES = ["", "DATE", "UTC", "Europe/Paris", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia",
         "America/Sao_Paulo", "Asia/Kolkata", "Asia/Tehran", "America/St_Johns"]
STARTS = [(2012, 2, 29), (2015, 1, 31), (2016, 12, 31), (2011, 12, 29), (2014, 3, 30), (2018, 11, 3), (2000, 1, 1)]
LENGTH = {"YEARLY": 12 * 366, "MONTHLY": 6 * 366, "WEEKLY": 3 * 366, "DAILY": 500, "HOURLY": 40, "MINUTELY": 3,
          "SECONDLY": 1}
FORMAT = "%Y%m%dT%H%M%S"


class TooSlow(Exception):
    """dateutil needs more than its share."""


def alarm(_number, _frame):
    raise TooSlow


def some(rng, low, high, most):
    """A comma list of one to `most` numbers, zero left out."""
    numbers = {rng.randint(low, high) for _ in range(rng.randint(1, most))} - {0}
    return ",".join(str(number) for number in sorted(numbers)) or str(high)


def make_parts(rng, frequency):
    """A random rule as a dict of its parts."""
    parts = {"FREQ": frequency}
    if rng.random() < 0.5:
        parts["INTERVAL"] = str(rng.choice([2, 2, 3, 4, 5, 7, 10, 13, 24, 45]))
    if rng.random() < 0.3:
        parts["BYMONTH"] = some(rng, 1, 12, 4)
    numbered = frequency in ("YEARLY", "MONTHLY")
    by_week = frequency == "YEARLY" and rng.random() < 0.15
    if by_week:
        low = -51 if rng.random() < 0.3 else 1
        parts["BYWEEKNO"] = some(rng, low, 51, 4)
    if rng.random() < 0.4:
        days = rng.sample(DAYS, rng.randint(1, 4))
        if numbered and not by_week and rng.random() < 0.6:
            most = 5 if frequency == "MONTHLY" or "BYMONTH" in parts else 53
            days = [str(rng.choice([-1, 1]) * rng.randint(1, most)) + day for day in days]
        parts["BYDAY"] = ",".join(days)
    if frequency != "WEEKLY" and rng.random() < 0.3:
        parts["BYMONTHDAY"] = some(rng, -31, 31, 5)
    if frequency not in ("MONTHLY", "WEEKLY", "DAILY") and rng.random() < 0.15:
        parts["BYYEARDAY"] = some(rng, -366, 366, 8)
    for name, most, chance in (("BYHOUR", 23, 0.2), ("BYMINUTE", 59, 0.15), ("BYSECOND", 59, 0.08)):
        if rng.random() < chance:
            parts[name] = ",".join(str(n) for n in sorted({rng.randint(0, most) for _ in range(rng.randint(1, 3))}))
    if len(parts) > 2 and rng.random() < 0.2 and any(name in parts for name in
                                                     ("BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYHOUR", "BYMONTH")):
        parts["BYSETPOS"] = some(rng, -6, 6, 3)
    if rng.random() < 0.25:
        parts["WKST"] = rng.choice(DAYS)
    return parts


def text_of(parts):
    return ";".join(f"{name}={value}" for name, value in parts.items())


def question(parts, start):
    """The rule and start to give to dateutil: see the list above."""
    asked = dict(parts)
    if "BYWEEKNO" in asked and not {"BYDAY", "BYMONTHDAY", "BYYEARDAY"} & set(asked):
        asked["BYDAY"] = DAYS[start.weekday()]
    if asked["FREQ"] == "WEEKLY" and "BYSETPOS" in asked:
        asked.setdefault("BYDAY", DAYS[start.weekday()])
        back = (start.weekday() - DAYS.index(asked.get("WKST", "MO"))) % 7
        start -= timedelta(days=back)
    return asked, start


def civil_instances(parts, start, end, count, until):
    """DTSTART and what the rule gives, in civil time up to `end`."""
    asked, asked_start = question(parts, start)
    found = [start]
    try:
        # It may refuse at once, or when it looks for the next one.
        for at in rrule.rrulestr(text_of(asked), dtstart=asked_start):
            if at > end or (until is not None and at > until) or (count is not None and len(found) >= count):
                break
            if at > start:
                found.append(at)
    except ValueError as error:
        if "Invalid" not in str(error):
            raise
    if until is not None and start > until:
        return []
    return found[:count]


def to_utc(civil, tzid):
    zone = timezone.utc if tzid in ("", "DATE", "UTC") else ZoneInfo(tzid)
    return int(civil.replace(tzinfo=zone, fold=0).timestamp())


def asked_until(end, tzid):
    """The moment before which every instance was asked for when dateutil was asked up to `end` on the clock.

    Where the clock stands at a moment, everything later on the clock is later too, but for what an overlap repeats (two
    hours at most). A clock that leaves out hours, or a whole day (Apia), stands that much further than it ran.
    """
    zone = timezone.utc if tzid in ("", "DATE", "UTC") else ZoneInfo(tzid)
    last = to_utc(end, tzid) - 7200
    while (beyond := datetime.fromtimestamp(last, zone).replace(tzinfo=None) + timedelta(hours=2) - end) > timedelta(0):
        last -= int(beyond.total_seconds())
    return last


def make_case(rng):
    frequency = rng.choice(["YEARLY", "YEARLY", "MONTHLY", "MONTHLY", "WEEKLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY",
                            "SECONDLY"])
    tzid = rng.choice(ZONES)
    if frequency in ("HOURLY", "MINUTELY", "SECONDLY") and tzid == "DATE":
        tzid = ""
    if rng.random() < 0.3:
        date = rng.choice(STARTS)
    else:
        date = (rng.randint(1995, 2020), rng.randint(1, 12), rng.randint(1, 28))
    start = datetime(*date, rng.randint(0, 23), rng.choice([0, 0, 15, 30, 59]), rng.choice([0, 0, 0, 7]))
    parts = make_parts(rng, frequency)
    if tzid == "DATE":
        start = start.replace(hour=0, minute=0, second=0)
        for name in ("BYHOUR", "BYMINUTE", "BYSECOND"):
            parts.pop(name, None)
    length = LENGTH[frequency] * rng.uniform(0.1, 1)
    end = start + timedelta(days=length)
    count = rng.randint(1, 60) if rng.random() < 0.25 else None
    until = None
    if count is None and rng.random() < 0.3:
        until = start + timedelta(seconds=int(length * 86400 * rng.uniform(-0.02, 1)))
        if tzid == "DATE":
            until = until.replace(hour=0, minute=0, second=0)
    civil = civil_instances(parts, start, end, count, until)
    if until is not None and rng.random() < 0.5 and len(civil) > 1:
        # An UNTIL that is exactly an instance.
        until = rng.choice(civil)
        civil = [at for at in civil if at <= until]
    exdate = [at for at in civil if rng.random() < 0.05][:20]
    if rng.random() < 0.1:
        exdate.append(start + timedelta(days=rng.randint(0, 50)))
    rdate = []
    if rng.random() < 0.15:
        rdate = [start + timedelta(days=rng.randint(-40, int(length) + 1)) for _ in range(rng.randint(1, 4))]
    low, high = sorted([rng.uniform(-0.05, 1), rng.uniform(-0.05, 1)])
    if rng.random() < 0.3:
        low = -0.1
    last = asked_until(end, tzid)
    window = [to_utc(start, tzid) + int(low * length * 86400), to_utc(start, tzid) + int(high * length * 86400)]
    window[1] = min(window[1], last)
    window[0] = min(window[0], window[1] - 3600)
    kept = (set(civil) | set(rdate)) - set(exdate)
    utc = {to_utc(at, tzid) for at in kept}
    if tzid == "DATE":
        expected = sorted(at for at in utc if at + 86400 > window[0] and at < window[1])
    else:
        expected = sorted(at for at in utc if window[0] <= at < window[1])
    written = dict(parts)
    if count is not None:
        written["COUNT"] = str(count)
    if until is not None:
        if tzid == "DATE":
            written["UNTIL"] = until.strftime("%Y%m%d")
        elif tzid == "" or rng.random() < 0.2:
            written["UNTIL"] = until.strftime(FORMAT)
        else:
            moment = datetime.fromtimestamp(to_utc(until, tzid), timezone.utc)
            written["UNTIL"] = moment.strftime(FORMAT) + "Z"
            # In UTC the bound is an instant: at a move of the clock that is not the same as a civil bound.
            limit = to_utc(until, tzid)
            beyond = civil_instances(parts, start, until + timedelta(days=2), None, None)
            every = {at for at in civil + beyond if to_utc(at, tzid) <= limit}
            utc = {to_utc(at, tzid) for at in (every | set(rdate)) - set(exdate)}
            expected = sorted(at for at in utc if window[0] <= at < window[1])
    style = "%Y%m%d" if tzid == "DATE" else FORMAT
    case = {"dtstart": start.strftime(style), "tzid": tzid, "rrule": text_of(written),
            "exdate": [at.strftime(style) for at in exdate], "rdate": [at.strftime(style) for at in rdate],
            "window": window}
    return case, expected


def numbered_case(seed_and_number):
    """A case by a seed of its own, with how many were skipped for it: what a slow machine skips must not change the others."""
    seed, number = seed_and_number
    signal.signal(signal.SIGALRM, alarm)
    for skipped in range(100):
        rng = random.Random(f"{seed}/{number}/{skipped}")
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.15)
            try:
                case = make_case(rng)
            finally:
                # The alarm may ring just before this, too.
                signal.setitimer(signal.ITIMER_REAL, 0)
            return case, skipped
        except (TooSlow, OverflowError):
            pass
    raise RuntimeError("every rule is too slow for dateutil on this machine")


def generate(number, seed):
    with multiprocessing.Pool() as pool:
        made = pool.map(numbered_case, [(seed, one) for one in range(number)], chunksize=100)
    return [case for case, _ in made], sum(skipped for _, skipped in made)


def main():
    probe = sys.argv[1]
    number = int(sys.argv[2]) if len(sys.argv) > 2 else 20000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 5545
    cases, skipped = generate(number, seed)
    lines = "".join(json.dumps(case) + "\n" for case, _ in cases)
    answers = subprocess.run([probe], input=lines, capture_output=True, text=True, check=True).stdout.splitlines()
    if len(answers) != len(cases):
        print(f"the probe gave {len(answers)} answers to {len(cases)} cases")
        return 1
    passed = failed = instances = 0
    for (case, expected), answer in zip(cases, answers):
        answer = json.loads(answer)
        if answer == expected:
            passed += 1
            instances += len(expected)
            continue
        failed += 1
        if failed <= 20:
            print("case", json.dumps(case))
            if isinstance(answer, dict):
                print("  error", answer["error"])
            else:
                show = lambda moments: [datetime.fromtimestamp(m, timezone.utc).strftime(FORMAT) for m in sorted(moments)[:6]]
                print("  missing", show(set(expected) - set(answer)), "extra", show(set(answer) - set(expected)))
    print(f"{instances} instances compared; {skipped} rules skipped, too slow for dateutil")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
