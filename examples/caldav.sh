#!/bin/sh
# CalDAV with curl: find the home, make a calendar, store an event, read what changed, remove all of it again.
#
#   examples/caldav.sh http://127.0.0.1:8008 LOGIN PASSWORD
set -eu

server=$1 login=$2 password=$3
ask() {
    method=$1 path=$2
    shift 2
    curl --silent --show-error --fail-with-body --user "$login:$password" --request "$method" "$@" "$server$path"
}
# The first href inside an element of an answer.
href_in() {
    tr -d '\n' | sed -n "s/.*<[^>]*$1[^>]*>[[:space:]]*<[^>]*href>\([^<]*\)<.*/\1/p"
}

principal=$(ask PROPFIND / --header 'Depth: 0' --data \
    '<propfind xmlns="DAV:"><prop><current-user-principal/></prop></propfind>' | href_in current-user-principal)
home=$(ask PROPFIND "$principal" --header 'Depth: 0' --data \
    '<propfind xmlns="DAV:"><prop><calendar-home-set xmlns="urn:ietf:params:xml:ns:caldav"/></prop></propfind>' |
    href_in calendar-home-set)
echo "principal $principal, calendars in $home"

calendar=${home}essai-$$/
ask MKCALENDAR "$calendar"
trap 'ask DELETE "$calendar"; echo "removed $calendar"' EXIT

ask PUT "${calendar}reunion.ics" --header 'Content-Type: text/calendar; charset=utf-8' --header 'If-None-Match: *' \
    --data-binary @- <<ICS
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Cenacle//exemple//FR
BEGIN:VEVENT
UID:reunion-$$@example.org
DTSTAMP:20260101T000000Z
DTSTART;TZID=Europe/Paris:20260105T093000
DTEND;TZID=Europe/Paris:20260105T103000
RRULE:FREQ=WEEKLY;BYDAY=MO
SUMMARY:Réunion d’équipe
END:VEVENT
END:VCALENDAR
ICS

echo "what changed since the beginning:"
ask REPORT "$calendar" --data '<sync-collection xmlns="DAV:"><sync-token/><sync-level>1</sync-level><prop><getetag/></prop></sync-collection>'
echo
echo "instances of one week, expanded:"
ask REPORT "$calendar" --header 'Depth: 1' --data '<C:calendar-query xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns="DAV:">
  <prop><C:calendar-data><C:expand start="20260309T000000Z" end="20260316T000000Z"/></C:calendar-data></prop>
  <C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">
    <C:time-range start="20260309T000000Z" end="20260316T000000Z"/>
  </C:comp-filter></C:comp-filter></C:filter></C:calendar-query>'
echo
