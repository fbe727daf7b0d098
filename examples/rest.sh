#!/bin/sh
# The REST API with curl: a calendar, an event in it, what happens in a week, what changed, a task that is done once, what was and its
# return, a contact; and all of it removed again.
#
#   examples/rest.sh http://127.0.0.1:8008 LOGIN PASSWORD
set -eu

server=$1 login=$2 password=$3
api=$server/api/v1
# ask METHOD PATH [options of curl]
ask() {
    method=$1 path=$2
    shift 2
    curl --silent --show-error --fail-with-body --user "$login:$password" --request "$method" "$@" "$api$path"
}
# The value of a member of a JSON answer, where it is a text.
member() {
    sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" | head -n 1
}
# An entity tag as it stands in JSON, without its quotes.
tag() {
    sed -n 's/.*"etag":"\\"\([^\\]*\)\\"".*/\1/p'
}

echo "who am I:"
ask GET /me
echo

# The key makes it safe to send the same request again when the answer was lost: the second changes nothing.
key=walk-$$
for try in 1 2; do
    calendar=$(ask POST /calendars --header "Idempotency-Key: $key" --json \
        '{"name": "Essai", "color": "#3465A4", "timeZone": "Europe/Paris", "components": ["VEVENT", "VTODO"]}' | member id)
    echo "calendar $calendar"
done
trap 'ask DELETE "/calendars/$calendar"; echo "removed $calendar"' EXIT

token=$(ask GET "/calendars/$calendar" | member syncToken)
event=$(ask POST "/calendars/$calendar/events" --header 'Content-Type: text/calendar' --data-binary @- <<ICS
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
)
id=$(echo "$event" | member id) etag=$(echo "$event" | tag)
echo "event $id, entity tag $etag"

echo "the same event as jCal:"
ask GET "/calendars/$calendar/events/$id" --header 'Accept: application/calendar+json'
echo
echo "a week, in the zone of Tokyo:"
ask GET "/calendars/$calendar/events?expand=true&from=2026-03-09T00:00:00Z&to=2026-03-16T00:00:00Z&timeZone=Asia/Tokyo&fields=title,start,end,timeZone"
echo
echo "found by a word, without accents:"
ask GET "/calendars/$calendar/events?q=reunion+equipe&fields=id,uid"
echo
echo "busy times:"
ask GET '/freebusy?from=2026-03-09T00:00:00Z&to=2026-03-16T00:00:00Z'
echo

echo "changed only if nobody else has changed it:"
ask GET "/calendars/$calendar/events/$id" --header 'Accept: text/calendar' | sed 's/Réunion/Point/' |
    ask PUT "/calendars/$calendar/events/$id" --header 'Content-Type: text/calendar' --header "If-Match: \"$etag\"" --data-binary @-
echo
echo "what changed since the calendar was made (with &wait=60 the answer waits for a change):"
ask GET "/calendars/$calendar/changes?since=$token"
echo

echo "two things at once, or neither: another event, and the first one away"
ask POST /batch --json "{\"operations\": [
    {\"op\": \"create\", \"path\": \"/calendars/$calendar/events\", \"mediaType\": \"application/calendar+json\",
     \"data\": [\"vcalendar\", [[\"version\", {}, \"text\", \"2.0\"], [\"prodid\", {}, \"text\", \"-//Cenacle//exemple//FR\"]], [[\"vevent\",
        [[\"uid\", {}, \"text\", \"autre-$$@example.org\"], [\"dtstamp\", {}, \"date-time\", \"2026-01-01T00:00:00Z\"],
         [\"dtstart\", {}, \"date-time\", \"2026-03-10T09:00:00Z\"], [\"summary\", {}, \"text\", \"Autre\"]], []]]]},
    {\"op\": \"delete\", \"path\": \"/calendars/$calendar/events/$id\"}]}"
echo
echo "all of the calendar as one file:"
ask GET "/calendars/$calendar/export"

echo "an event in JSON, and one member of it changed; what a client of CalDAV has added to it would stay:"
json_event=$(ask POST "/calendars/$calendar/events" --json '{
    "@type": "Event", "title": "Comité", "start": "2026-03-12T14:00:00", "timeZone": "Europe/Paris", "duration": "PT1H30M",
    "participants": {"bob": {"email": "bob@example.org", "name": "Bob", "roles": {"attendee": true}}},
    "recurrenceRules": [{"frequency": "monthly", "count": 4}]}' | member id)
ask PATCH "/calendars/$calendar/events/$json_event" --header 'Content-Type: application/merge-patch+json' \
    --data '{"title": "Comité, salle 3", "locations": {"location": {"@type": "Location", "name": "Salle 3"}}}'
echo
ask GET "/calendars/$calendar/events/$json_event"
echo

echo "a task of every Monday; that of the second one is done:"
task=$(ask POST "/calendars/$calendar/tasks" --json '{
    "@type": "Task", "title": "Sauvegarde", "due": "2026-03-02T18:00:00", "timeZone": "Europe/Paris",
    "recurrenceRules": [{"frequency": "weekly", "count": 4}]}' | member id)
ask PATCH "/calendars/$calendar/tasks/$task/instances/2026-03-09T18:00:00" --json '{"progress": "completed"}'
echo
ask GET "/calendars/$calendar/tasks/$task/instances?from=2026-03-01T00:00:00Z&to=2026-04-01T00:00:00Z&fields=recurrenceId,status"
echo

echo "what has become of the event, the newest first:"
history=$(ask GET "/calendars/$calendar/events/$json_event/history?fields=version,what,by,at")
echo "$history"
# The last one of them is the oldest; the first one tells when it was last changed.
first=$(echo "$history" | sed -n 's/.*"version":\([0-9]*\).*/\1/p')
good=$(echo "$history" | sed -n 's/^[^}]*"at":"\([^"]*\)".*/\1/p')
echo "as it was at first, and so again:"
ask GET "/calendars/$calendar/events/$json_event/history/$first"
echo
ask POST "/calendars/$calendar/events/$json_event:restore" --json "{\"version\": $first}"
echo
echo "deleted by mistake; and the whole calendar as it was when it was good (newer things go): what that would do, and done"
ask DELETE "/calendars/$calendar/events/$json_event"
ask POST "/calendars/$calendar:restore" --json "{\"asOf\": \"$good\", \"dryRun\": true}"
echo
ask POST "/calendars/$calendar:restore" --header "Idempotency-Key: back-$$" --json "{\"asOf\": \"$good\"}"
echo
ask GET "/calendars/$calendar/events/$json_event?fields=id,data&form=json"
echo
echo "the calendar itself deleted, and put back with all that was in it:"
ask DELETE "/calendars/$calendar"
ask GET /deleted-calendars
echo
ask POST "/deleted-calendars/$calendar:restore" --header "Idempotency-Key: put-back-$$"
echo

book=$(ask GET '/address-books?fields=id' | member id)
contact=$(ask POST "/address-books/$book/contacts" --header 'Content-Type: text/vcard' --data-binary @- <<VCF | member id
BEGIN:VCARD
VERSION:4.0
UID:urn:uuid:$(cat /proc/sys/kernel/random/uuid)
FN:Élise Essai-$$
EMAIL:elise@example.org
END:VCARD
VCF
)
echo "contact $contact, found by a part of the name:"
ask GET "/address-books/$book/contacts?q=essai-$$&fields=id,etag"
echo
ask DELETE "/address-books/$book/contacts/$contact"

echo "tokens for a program that only reads calendars: one for a quarter of an hour, one that renews it, once"
tokens=$(ask POST /auth/token --data-urlencode grant_type=password --data-urlencode "username=$login" \
    --data-urlencode "password=$password" --data-urlencode 'scope=read calendars')
renewed=$(ask POST /auth/token --data-urlencode grant_type=refresh_token \
    --data-urlencode "refresh_token=$(echo "$tokens" | member refresh_token)")
curl --silent --show-error --fail-with-body --oauth2-bearer "$(echo "$renewed" | member access_token)" "$api/calendars?fields=name"
echo
ask POST /auth/revoke --data-urlencode "token=$(echo "$renewed" | member refresh_token)"
