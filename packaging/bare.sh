# For `try` and `fresh`, which read this file: a bare Debian 12 in a folder, a container over it, and checks.
# Needs: root, debootstrap, systemd-container.

passed=0
failed=0
# The container's process outside (systemd-nspawn) and its first one inside, by their ids out here.
nspawn=
first=
system=

say_and_leave() {
    printf '%s\n' "$1" >&2
    exit 2
}

# A copy of a bare Debian with these packages beside the essential ones: its name among those kept in $folder, packages.
bare_debian() {
    local name=$1 packages=$2 need
    [ "$(id -u)" -eq 0 ] || say_and_leave 'systemd-nspawn needs root'
    for need in debootstrap systemd-nspawn nsenter; do
        command -v "$need" >/dev/null || say_and_leave "no $need: apt install debootstrap systemd-container"
    done
    mkdir -p "$folder"
    folder=$(realpath "$folder")
    if [ ! -d "$folder/$name" ]; then
        rm -rf "$folder/$name.making"
        debootstrap --variant=minbase --include="$packages" bookworm "$folder/$name.making" >"$folder/$name.log"
        mv "$folder/$name.making" "$folder/$name"
    fi
    system=$(mktemp -d "$folder/system.XXXXXX")
    trap leave EXIT
    trap 'exit 130' INT TERM
    cp -a "$folder/$name/." "$system/"
}

# Starts the container in the background, with a network of its own, so that no port is shared with this machine.
start_container() {
    systemd-nspawn --quiet --directory "$system" --private-network --register=no --keep-unit --console=pipe "$@" \
        >"$folder/console.log" 2>&1 </dev/null &
    nspawn=$!
    first=
    while [ -z "$first" ]; do
        is_alive || say_and_leave "the container does not start: see $folder/console.log"
        sleep 0.2
        first=$(pgrep -P "$nspawn" | head -n 1) || true
    done
}

is_alive() { kill -0 "$nspawn" 2>/dev/null; }

stop_container() {
    if [ -n "$nspawn" ]; then
        # It may have ended by itself; then there is nothing to end.
        kill -TERM "$nspawn" 2>/dev/null || true
        wait "$nspawn" 2>/dev/null || true
    fi
    nspawn=
}

leave() {
    stop_container
    if [ -n "$system" ]; then rm -rf "$system"; fi
}

# One check: its name, then a command whose success it is.
check() {
    local name=$1 said
    shift
    if said=$("$@" 2>&1); then
        passed=$((passed + 1))
        printf 'PASS %s\n' "$name"
    else
        failed=$((failed + 1))
        printf 'FAIL %s: %s\n' "$name" "$(tail -n 3 <<<"$said" | tr '\n' ' ')"
    fi
}

# Tries a command up to 20 s.
soon() {
    local tries=0
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        if [ $tries -ge 100 ]; then
            "$@"
            return
        fi
        sleep 0.2
    done
}

fails() { ! "$@"; }
says() {
    local said
    said=$("${@:2}" 2>&1) || true
    [ "$said" = "$1" ] || { printf 'said: %s\n' "$said"; false; }
}

# The last line, and the outcome of the whole.
count() {
    printf '%s passed, %s failed\n' "$passed" "$failed"
    [ "$failed" -eq 0 ]
}
