# shellcheck shell=bash
# A PostgreSQL cluster of a script's own, to be sourced: on a free loopback port, in the folder `$scratch` of the script, which ends it by
# `stop_group "$postgres_pid" INT`. Sets postgres_pid, postgres_port and postgres_bin.
# The script says `set -m`, so that each process in the background has a group of its own and ends with all that it started.

postgres_pid=

# Ends the process group of one process that this script started: signal, then, after 20 s, KILL.
stop_group() {
    local pid=$1 signal=$2 waited=0
    if [ -z "$pid" ]; then return; fi
    # It may have ended by itself: then there is nothing to do, and nothing depends on it.
    kill -s "$signal" -- "-$pid" 2>/dev/null
    while kill -0 -- "-$pid" 2>/dev/null && [ $waited -lt 200 ]; do
        sleep 0.1
        waited=$((waited + 1))
    done
    kill -s KILL -- "-$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
}

# PostgreSQL refuses to run as root.
as_postgres() {
    local user
    cd "$scratch/postgres" || return 1
    if [ "$(id -u)" -ne 0 ]; then exec "$@"; fi
    for user in postgres nobody; do
        if id -u "$user" >/dev/null 2>&1; then
            exec setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups "$@"
        fi
    done
    return 1
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

psql_do() {
    "$postgres_bin/psql" -X -q -h 127.0.0.1 -p "$postgres_port" -U postgres -d postgres -c "$1" >/dev/null 2>&1
}

# A cluster with the durability of a real one, and an empty database of this name in it.
start_postgres() {
    local name=$1 newest tries=0
    newest=$(find /usr/lib/postgresql -mindepth 1 -maxdepth 1 2>/dev/null | sort -V | tail -n 1)
    postgres_bin=${newest:-/nonexistent}/bin
    if [ ! -x "$postgres_bin/initdb" ]; then
        printf 'no PostgreSQL server is installed: conformance/install --base\n' >&2
        return 1
    fi
    mkdir "$scratch/postgres"
    if [ "$(id -u)" -eq 0 ]; then chown "$(id -u postgres 2>/dev/null || id -u nobody)" "$scratch/postgres"; fi
    if ! (as_postgres "$postgres_bin/initdb" -D data -U postgres -A trust -E UTF8 --no-locale --no-sync) \
        >"$scratch/initdb.log" 2>&1; then
        cat "$scratch/initdb.log" >&2
        return 1
    fi
    postgres_port=$(free_port)
    (as_postgres "$postgres_bin/postgres" -D data -p "$postgres_port" -c listen_addresses=127.0.0.1 \
        -c unix_socket_directories="$scratch/postgres") >"$scratch/postgres.log" 2>&1 </dev/null &
    postgres_pid=$!
    until psql_do "create database $name"; do
        tries=$((tries + 1))
        if [ $tries -gt 150 ] || ! kill -0 "$postgres_pid" 2>/dev/null; then
            tail -n 5 "$scratch/postgres.log" >&2
            return 1
        fi
        sleep 0.2
    done
}
