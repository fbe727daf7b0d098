#!/bin/sh
# A backup of the embedded database beside the running server, kept for fourteen days. For cron or a systemd timer.
#
#   examples/nightly-backup.sh /var/lib/cenacle /var/backups/cenacle
set -eu
umask 077

data=$1 kept=$2
mkdir -p "$kept"
file=$kept/cenacle-$(date -u +%Y%m%dT%H%M%SZ).sqlite
# VACUUM INTO reads one commit and writes a complete, compact database; it needs sqlite3 3.27 or later.
sqlite3 "$data/cenacle.sqlite" "VACUUM INTO '$file.part'"
[ "$(sqlite3 "$file.part" 'PRAGMA integrity_check')" = ok ]
mv "$file.part" "$file"
find "$kept" -name 'cenacle-*.sqlite' -mtime +14 -delete
