#!/bin/sh
# CardDAV with curl: store a card in the default address book, find it by a part of its name, remove it.
#
#   examples/carddav.sh http://127.0.0.1:8008 LOGIN PASSWORD
set -eu

server=$1 login=$2 password=$3
book=/dav/addressbooks/$login/default/
card=${book}essai-$$.vcf
ask() {
    method=$1 path=$2
    shift 2
    curl --silent --show-error --fail-with-body --user "$login:$password" --request "$method" "$@" "$server$path"
}

ask PUT "$card" --header 'Content-Type: text/vcard; charset=utf-8' --header 'If-None-Match: *' --data-binary @- <<VCF
BEGIN:VCARD
VERSION:4.0
UID:urn:uuid:$(cat /proc/sys/kernel/random/uuid)
FN:Élise Essai-$$
N:Essai-$$;Élise;;;
EMAIL:elise@example.org
END:VCARD
VCF
trap 'ask DELETE "$card"; echo "removed $card"' EXIT

echo "found by a part of the name, as vCard 3.0 and only three properties:"
ask REPORT "$book" --header 'Depth: 1' --data "<R:addressbook-query xmlns:R=\"urn:ietf:params:xml:ns:carddav\" xmlns=\"DAV:\">
  <prop><getetag/><R:address-data content-type=\"text/vcard\" version=\"3.0\">
    <R:prop name=\"FN\"/><R:prop name=\"EMAIL\"/><R:prop name=\"UID\"/></R:address-data></prop>
  <R:filter><R:prop-filter name=\"FN\"><R:text-match match-type=\"contains\">essai-$$</R:text-match></R:prop-filter></R:filter>
</R:addressbook-query>"
echo
