"""Times the same job in kqltap and its peers, side by side, and prints the tables of BENCHMARKS.md.

    compare.py KQLTAP CORPUS RULES_CORPUS FOLDER    (run.sh makes all of these)

Every tool runs once in each of RUNS rounds (5), so that what else the machine does falls on all of them alike; the medians
are shown. A file on the command line has just been read and is in the page cache. RATIO=cpu takes the ratios of CPU seconds,
for a machine that is busy.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

KQLTAP, CORPUS, RULES_CORPUS, FOLDER = sys.argv[1:]
HERE, FOLDER = Path(__file__).resolve().parent, Path(FOLDER)
# What is measured is the page's four rules, whose job the other tools do too, and not all that comes with kqltap.
RULES = str(HERE.parents[1] / "config/rules/t1528.yaml")
RUNS = int(os.environ.get("RUNS", "5"))
BY_CPU = os.environ.get("RATIO") == "cpu"
PYTHON = str(FOLDER / "venv/bin/python")
VRL = str(FOLDER / "vrl-target/release/vrl-peer")
VECTORS = {
    "IMDS Token Request": "imds",
    "Kubernetes Service Account Token": "kubernetes",
    "OAuth Token Cache Access": "cache",
    "OAuth High-Privilege Consent Grant": "consent",
}


def run(command, inner=False):
    """Wall seconds, CPU seconds and MiB at the most; what was written goes to FOLDER/out and FOLDER/err. With `inner` the
    command itself has said its seconds, so that loading a library does not count."""
    environment = {**os.environ, "POLARS_MAX_THREADS": "1"}
    with open(FOLDER / "out", "wb") as out, open(FOLDER / "err", "wb") as err:
        start = time.perf_counter()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise RuntimeError(f"{command}: {(FOLDER / 'err').read_text()[-600:]}")
    cpu = usage.ru_utime + usage.ru_stime
    if inner:
        wall, cpu = map(float, (FOLDER / "err").read_text().split()[-2:])
    return wall, cpu, usage.ru_maxrss / 1024


def answer(name):
    """The matches of the last command, as `vector id`."""
    lines = (FOLDER / "out").read_text().splitlines()
    if not name.startswith("kqltap"):
        return sorted(lines)
    columns = [json.loads(line)["columns"] for line in lines]
    return sorted(f"{VECTORS[c['Vector']]} {c.get('DeviceId') or c['CorrelationId']}" for c in columns)


def median(runs):
    return [statistics.median(values) for values in zip(*runs)]


def memory(mib):
    """A child's peak counts from before its exec, when it was this program; less than that cannot be told."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return f"< {own + 1:.0f}" if mib <= own else f"{mib:.0f}"


def size(path):
    return os.path.getsize(path) / 1e9


def kqltap(*options):
    rules = [] if "--rules" in options else ["--rules", RULES]
    return [KQLTAP, "run", "--stats", "json", *rules, *options]


def literals():
    """What the gate looks for, one a line, for ripgrep."""
    said = subprocess.run([KQLTAP, "explain", RULES], check=True, capture_output=True, text=True).stdout
    gate = said[said.index("\ngate:"):].split("\n\n")[0].splitlines()[2:]
    path = FOLDER / "literals"
    path.write_text("".join(line.strip() + "\n" for line in gate))
    return path


ONE = ["--workers", "1"]
PLAIN = "kqltap, one worker"
# Name; command; how its answer is looked at: nothing, `lines` to count, or `matches` to compare.
TOOLS = [
    ("wc -l", ["wc", "-l", CORPUS], None),
    (PLAIN, kqltap(*ONE, CORPUS), "matches"),
    ("kqltap, two workers", kqltap("--workers", "2", CORPUS), "matches"),
    ("kqltap, from `cat`", ["sh", "-c", 'cat "$0" | "$@"', CORPUS, *kqltap(*ONE)], "matches"),
    ("kqltap, annotate", kqltap(*ONE, "--emit", "annotate", "--output", "/dev/null", CORPUS), None),
    ("kqltap, dead letters", kqltap(*ONE, "--dead-letter", "/dev/null", CORPUS), "matches"),
    ("ripgrep", ["rg", "--no-config", "-j1", "-c", "-i", "-F", "-f", str(literals()), CORPUS], "lines"),
    ("DuckDB", [PYTHON, str(HERE / "job_duckdb.py"), CORPUS], "matches"),
    ("ClickHouse", [PYTHON, str(HERE / "job_clickhouse.py"), CORPUS], "matches"),
    ("Polars", [PYTHON, str(HERE / "job_polars.py"), CORPUS], "matches"),
    ("VRL", [VRL, str(HERE / "vrl/job.vrl"), CORPUS], "matches"),
    ("jq", ["jq", "-r", "-f", str(HERE / "job.jq"), CORPUS], "matches"),
]


def peers():
    """Every tool's runs and what its answer was."""
    runs, answers = {name: [] for name, *_ in TOOLS}, {}
    for turn in range(RUNS):
        for name, command, look in TOOLS:
            if name in answers and not runs[name]:
                continue
            try:
                runs[name].append(run(command, inner=command[0] == PYTHON))
            except (OSError, RuntimeError) as error:
                print(f"{name}: {error}", file=sys.stderr)
                answers[name] = "could not be run"
                continue
            if turn > 0:
                continue
            if look == "matches":
                answers[name] = answer(name)
            if look == "lines":
                answers[name] = int((FOLDER / "out").read_text())
            if name == PLAIN:
                ledger = json.loads((FOLDER / "err").read_text().splitlines()[-1])
            print(f"  {name}: {runs[name][-1][0]:.2f} s", file=sys.stderr)
    return runs, answers, ledger


def judged(answered, ours, ledger):
    match answered:
        case None:
            return ""
        case str():
            return answered
        case int():
            return f"{answered} lines; kqltap has {ledger['decoded']} candidates"
        case _ if answered is ours:
            return f"{len(ours)} matches"
        case _:
            wrong = set(answered) ^ set(ours)
            return "the same" if answered == ours else f"**{len(wrong)} differ**"


def print_peers():
    runs, answers, ledger = peers()
    at = 1 if BY_CPU else 0
    figures = {name: median(r) for name, r in runs.items() if r}
    floor, ours = figures["wc -l"][at], figures[PLAIN][at]
    print(f"\n{size(CORPUS):.2f} GB, {ledger['lines']} lines, {ledger['decoded']} of them candidates, {ledger['alerts']} alerts.")
    print(f"Medians of {RUNS} rounds; rates and ratios of {'CPU' if BY_CPU else 'wall'} time.\n")
    print("| tool | GB/s | CPU s | MiB | × `wc -l` | kqltap is faster by | answer |\n|---|--:|--:|--:|--:|--:|---|")
    for name, *_ in TOOLS:
        said = judged(answers.get(name), answers[PLAIN], ledger)
        if name not in figures:
            print(f"| {name} | | | | | | {said} |")
            continue
        wall, cpu, mib = figures[name]
        seconds = figures[name][at]
        rate = size(CORPUS) / seconds
        print(f"| {name} | {rate:.3f} | {cpu:.2f} | {memory(mib)} | {floor / seconds:.3f} | {seconds / ours:.2f} | {said} |")


def rate_behind(load, seconds):
    """GB/s without what loading the rules took; nothing where that is all but the whole, for then it would be noise."""
    spent = seconds - load
    return f"{size(RULES_CORPUS) / spent:.3f}" if spent > load / 20 else "hidden by loading"


def print_rules():
    rows = []
    for folder in sorted(FOLDER.glob("rules-*"), key=lambda f: int(f.name.split("-")[1])):
        rules = ["--rules", str(folder), *ONE]
        load = median([run(kqltap(*rules, "/dev/null")) for _ in range(RUNS)])
        gated = median([run(kqltap(*rules, RULES_CORPUS)) for _ in range(RUNS)])
        every = median([run(kqltap(*rules, "--dead-letter", "/dev/null", RULES_CORPUS)) for _ in range(RUNS)])
        at = 1 if BY_CPU else 0
        rates = [rate_behind(load[at], seconds[at]) for seconds in (gated, every)]
        rows.append((int(folder.name.split("-")[1]), load[at], every[2], *rates))
    print("\n| rules | load, s | MiB | GB/s | GB/s, every line decoded |\n|--:|--:|--:|--:|--:|")
    for count, load, mib, gated, every in rows:
        print(f"| {count:,} | {load:.3f} | {memory(mib)} | {gated} | {every} |")


print_peers()
print_rules()
