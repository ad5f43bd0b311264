#!/usr/bin/env bash
# The page's four rules from a file and over TCP on this machine's loopback, in turns, with one worker and with two:
# benches/tcp.sh [BYTES] [ROUNDS]
#
# BYTES is the size of the corpus (default 1000000000), ROUNDS how often each is run (default 5); medians are shown. KQLTAP names
# a binary to measure instead of a release build. The sender is Python's sendfile, and TCP's time begins when it connects: how
# long Python takes to start is nothing of TCP's. On a machine with two cores the sender takes a part of one of them: `ceiling`
# is what a receiver gets that reads from the same sender and throws away.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bytes=${1:-1000000000}
rounds=${2:-5}
binary=${KQLTAP:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for name in $(compgen -v KQLTAP_ || true); do unset "$name"; done

target=${CARGO_TARGET_DIR:-$here/../target}/release
(cd "$here/.." && cargo build --release --locked --quiet --example corpus)
if [ -z "$binary" ]; then
    (cd "$here/.." && cargo build --release --locked --quiet --bin kqltap)
    binary=$target/kqltap
fi
"$target/examples/corpus" "$bytes" >"$work/corpus.ndjson"
cat "$work/corpus.ndjson" >/dev/null # into the page cache

alerts() { sed -n 's/.*"alerts":\([0-9]*\).*/\1/p' "$1"; }
now() { date +%s.%N; }

rules=$here/../config/rules/t1528.yaml

from_file() {
    local begin
    begin=$(now)
    "$binary" run --rules "$rules" --workers "$1" --stats json --output "$work/alerts" "$work/corpus.ndjson" 2>"$work/said"
    echo "$(now) $begin" | awk '{ print $1 - $2 }'
}

# Until the sender has been served to its end: kqltap closes a connection when it has read all of it.
over_tcp() {
    local pid port
    "$binary" run --rules "$rules" --workers "$1" --stats json --output "$work/alerts" tcp://127.0.0.1:0 2>"$work/said" &
    pid=$!
    until port=$(sed -n 's|.*listening on tcp://127.0.0.1:||p' "$work/said") && [ -n "$port" ]; do sleep 0.05; done
    send "$port"
    # The ledger comes when all that was read is written.
    kill -TERM "$pid"
    wait "$pid"
    echo "$(now) $(cat "$work/begin")" | awk '{ print $1 - $2 }'
}

# Until the other side has read it all and closes.
send() {
    python3 - "$work/corpus.ndjson" "$1" >"$work/begin" <<'SENDER'
import socket, sys, time
with socket.create_connection(("127.0.0.1", int(sys.argv[2]))) as stream, open(sys.argv[1], "rb") as corpus:
    print(time.time())
    stream.sendfile(corpus)
    stream.shutdown(socket.SHUT_WR)
    stream.recv(1)
SENDER
}

ceiling() {
    local pid
    rm -f "$work/port"
    python3 - >"$work/port" <<'RECEIVER' &
import socket
with socket.create_server(("127.0.0.1", 0)) as listener:
    print(listener.getsockname()[1], flush=True)
    with listener.accept()[0] as stream:
        room = bytearray(256 * 1024)
        while stream.recv_into(room):
            pass
RECEIVER
    pid=$!
    until [ -s "$work/port" ]; do sleep 0.05; done
    send "$(cat "$work/port")"
    now >"$work/end"
    wait "$pid"
    echo "$(cat "$work/end" "$work/begin")" | tr '\n' ' ' | awk '{ print $1 - $2 }'
}

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

for _ in $(seq "$rounds"); do
    ceiling >>"$work/ceiling"
    for workers in 1 2; do
        from_file "$workers" >>"$work/file-$workers"
        expected=$(alerts "$work/said")
        over_tcp "$workers" >>"$work/tcp-$workers"
        [ "$(alerts "$work/said")" = "$expected" ] || { echo "tcp: other alerts than from the file" >&2; exit 1; }
    done
done
for workers in 1 2; do
    awk -v bytes="$bytes" -v n="$workers" -v file="$(median <"$work/file-$workers")" -v tcp="$(median <"$work/tcp-$workers")" 'BEGIN {
        printf "workers %d: file %.3f GB/s, TCP %.3f GB/s: %.2f x the file\n", n, bytes / file / 1e9, bytes / tcp / 1e9, file / tcp }'
done
awk -v bytes="$bytes" -v most="$(median <"$work/ceiling")" 'BEGIN {
    printf "a receiver that throws away: %.3f GB/s\n", bytes / most / 1e9 }'
