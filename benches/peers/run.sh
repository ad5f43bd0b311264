#!/usr/bin/env bash
# The built-in pack's job, done by kqltap and by other tools, on this machine: benches/peers/run.sh [BYTES]
#
# BYTES is the size of the corpus (default 200000000). Whatever can be installed is put into a folder of its own, which is
# thrown away at the end; PEERS_DIR=FOLDER names one that is kept, so that the next run need not install again.
# RUNS (default 5) is the number of rounds; RULES_BYTES (default 50000000, or BYTES) is the corpus of the table of many
# rules; RATIO=cpu compares CPU seconds, for a machine that is busy. ripgrep and jq are installed with apt-get where that
# may be done, else they are used if they are there.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bytes=${1:-200000000}
# The table of many rules reads a smaller corpus: ten thousand rules take their time.
rules_bytes=${RULES_BYTES:-$((bytes < 50000000 ? bytes : 50000000))}

if [ -n "${PEERS_DIR:-}" ]; then
    work=$PEERS_DIR
    mkdir -p "$work"
else
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
fi
for name in $(compgen -v KQLTAP_ || true); do unset "$name"; done

say() { printf '== %s\n' "$*" >&2; }
missing() { printf '   %s: not to be had, so it is left out\n' "$1" >&2; }

say "kqltap and the corpora"
(cd "$here/../.." && cargo build --release --locked --quiet --bin kqltap --examples)
target=${CARGO_TARGET_DIR:-$here/../../target}/release
"$target/examples/corpus" "$bytes" >"$work/corpus.ndjson"
"$target/examples/corpus" "$rules_bytes" >"$work/corpus-of-rules.ndjson"
for count in 1 10 100 1000 10000; do
    "$target/examples/rules_corpus" "$count" "$work/rules-$count"
done

say "peers"
for tool in rg jq; do
    package=$tool
    [ "$tool" = rg ] && package=ripgrep
    command -v "$tool" >/dev/null || apt-get install -y -qq "$package" >/dev/null 2>&1 || missing "$tool"
done
[ -x "$work/venv/bin/python" ] || python3 -m venv "$work/venv" || missing "Python's venv"
for package in duckdb chdb polars; do
    "$work/venv/bin/python" -c "import $package" 2>/dev/null ||
        "$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$package" || missing "$package"
done
# A copy, so that neither its lock file nor what it builds comes to lie in the source tree.
mkdir -p "$work/vrl"
cp -rp "$here/vrl/." "$work/vrl/"
(cd "$work/vrl" && cargo build --release --quiet --target-dir "$work/vrl-target") || missing VRL

say "timing"
export PYTHONDONTWRITEBYTECODE=1
cat "$work/corpus.ndjson" "$work/corpus-of-rules.ndjson" >/dev/null
python3 "$here/compare.py" "$target/kqltap" "$work/corpus.ndjson" "$work/corpus-of-rules.ndjson" "$work"
