"""bench/run can measure: scenarios at the smallest sizes, without fsync. bench/README.md lists them all.

PLAYBOOK_BENCH_SCENARIOS=all measures with every one, which takes minutes.
"""
import glob
import json
import os
import re
import subprocess
import tempfile

from harness import PG_CONFIG, ROOT, check_equal, run

SMALL = {"BENCH_SETTINGS": "fsync = off; synchronous_commit = off", "BENCH_WAL": "32", "BENCH_EXECUTIONS": "30",
         "BENCH_SECONDS": "1", "BENCH_LATENCIES": "3", "BENCH_FINISHED": "100", "BENCH_WAITING": "100",
         "BENCH_BACKLOG": "50", "BENCH_HOLD": "1", "BENCH_STARTS": "20", "BENCH_ITEMS": "5", "BENCH_CUSTOMERS": "10",
         "BENCH_EXECUTIONS_OF_ONE": "40"}
SCENARIOS = {os.path.basename(path)[:-len(".sh")] for path in glob.glob(os.path.join(ROOT, "bench/scenarios/*.sh"))}


# Those that share least with the others.
CHOSEN = {"retention", "start", "wide"} if os.environ.get("PLAYBOOK_BENCH_SCENARIOS") != "all" else SCENARIOS


def scenarios_give_figures():
    with tempfile.TemporaryDirectory(prefix="playbook-bench-", dir="/tmp") as directory:
        os.chmod(directory, 0o755)  # the server's user has its own directory in it
        done = subprocess.run([os.path.join(ROOT, "bench/run"), *sorted(CHOSEN)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False, timeout=300,
                              env={**os.environ, **SMALL, "PG_CONFIG": PG_CONFIG, "BENCH_RESULTS": directory,
                                   "PLAYBOOK_BENCH": os.path.join(directory, "cluster")})
        check_equal(done.returncode, 0, f"status of bench/run, which said:\n{done.stdout[-4000:]}")
        with open(os.path.join(directory, "bench.json"), encoding="utf-8") as file:
            figures = json.load(file)["figures"]
    check_equal({figure["scenario"] for figure in figures}, CHOSEN, "scenarios with figures")


def readme_lists_every_scenario():
    with open(os.path.join(ROOT, "bench/README.md"), encoding="utf-8") as file:
        text = file.read()
    table = text[text.index("| scenario |"):].split("\n\n")[0]
    check_equal(set(re.findall(r"^\| `([a-z_]+)` \|", table, re.MULTILINE)), SCENARIOS, "scenarios of bench/README.md")
    said = set(re.findall(r"BENCH_[A-Z_]+", text))
    used = set()
    for path in [*glob.glob(os.path.join(ROOT, "bench/scenarios/*.sh")), os.path.join(ROOT, "bench/lib/measure.sh"),
                 os.path.join(ROOT, "bench/run")]:
        with open(path, encoding="utf-8") as file:
            used |= set(re.findall(r"\$\{(BENCH_[A-Z_]+)", file.read()))
    check_equal(said, used, "variables of bench/README.md")


run(readme_lists_every_scenario, scenarios_give_figures)
