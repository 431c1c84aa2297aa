#!/usr/bin/env python3
"""Runs a catalogue again and again while everything that takes part in it is killed at random, then holds
what came of it against a model: each row exactly once, whatever died.

    tests/chaos/chaos.py [--kills N] [--seconds N] [--seed N] [--verbose]

A round is one mst-run, of the catalogue or (--retry) of what is left of the last run.  After a delay that is
drawn from the whole length of an undisturbed run something is killed: mst-run itself, one of its children, a
backend of the state database, the warehouse or the source, or the postmaster with all of them.
When so many kills were made (or the time is over) the last run is retried until it succeeds.  The exit
status is 1 where anything is wrong; the seed that is printed makes the same choices again.
"""
import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BIN = pathlib.Path(os.environ.get("B", ROOT / "build")).resolve() / "bin"
HANG_S = 90
SOURCE = ""


class Wrong(Exception):
    pass


def sql(what, statement, tries=1):
    """Rows as lists of texts; `what` is state, warehouse or source."""
    argv = ["psql", SOURCE] if what == "source" else [BIN / "mst-db", "psql"]
    argv += ["--warehouse"] if what == "warehouse" else []
    argv += ["-qAtX", "-v", "ON_ERROR_STOP=1", "-c", statement]
    for left in range(tries, 0, -1):
        p = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if p.returncode == 0:
            return [line.split("|") for line in p.stdout.splitlines()]
        if left > 1:
            time.sleep(0.2)
    raise Wrong(f"psql ({what}): {p.stderr.strip()}\n  {statement}")


def one(what, statement):
    return sql(what, statement, tries=20)[0][0]


def children(pid):
    """All processes below one."""
    found, at = [], [pid]
    while at:
        try:
            here = pathlib.Path(f"/proc/{at.pop()}/task")
            for task in here.iterdir():
                for c in (task / "children").read_text().split():
                    found.append(int(c))
                    at.append(int(c))
        except (OSError, ValueError):
            pass
    return found


class Chaos:
    def __init__(self, args):
        self.args = args
        self.random = random.Random(args.seed)
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="mst-chaos.", dir="/tmp"))
        self.home.chmod(0o755)
        self.folder = self.home / "catalogue"
        os.environ.update(MST_HOME=str(self.home / "m"), HOME=str(self.home), LC_ALL="C.UTF-8", TZ="UTC")
        for key in [k for k in os.environ if k.startswith("MST_") and k not in ("MST_HOME",)]:
            del os.environ[key]
        (self.home / "m").mkdir(mode=0o755)
        self.kills = {}
        self.where = {}
        self.rounds = self.runs = 0
        self.gen = 0
        self.fed = 0
        self.last = 0          # the run that is not done yet, or 0
        self.seen = set()      # (run, job) that an event called succeeded
        self.length = 1.0
        self.log = open(self.home / "talk", "w+")

    # --- one round ------------------------------------------------------------------

    def start(self, argv):
        self.log.write(f"--- {' '.join(map(str, argv))}\n")
        self.log.flush()
        self.events = open(self.home / "events", "w+")
        return subprocess.Popen([BIN / "mst-run", "-j", "3", *argv], stdin=subprocess.DEVNULL, stdout=self.events,
                                stderr=self.log, start_new_session=True)

    def wait(self, p):
        try:
            return p.wait(HANG_S)
        except subprocess.TimeoutExpired:
            where = subprocess.run(["ps", "-ef", "--forest"], capture_output=True, text=True).stdout
            p.kill()
            raise Wrong(f"mst-run did not end within {HANG_S} s\n{where}") from None

    def read_events(self):
        """What mst-run said had been recorded."""
        self.events.seek(0)
        state = None
        for line in self.events:
            try:
                e = json.loads(line)
            except ValueError:
                continue       # the last line of one that was killed
            self.last = e["run"]
            if e["event"] == "job_finished" and e["state"] == "succeeded":
                self.seen.add((e["run"], e["job"]))
            if e["event"] == "run_finished":
                state = e["state"]
        self.events.close()
        return state

    def phase(self):
        """What was going on, for the figures."""
        self.events.flush()
        begun = []
        try:
            for line in open(self.home / "events"):
                e = json.loads(line)
                if e["event"] == "job_started":
                    begun.append(e["job"])
                elif e["event"] == "job_finished" and e["job"] in begun:
                    begun.remove(e["job"])
        except ValueError:
            pass
        return begun[0] if begun else "between"

    def postmaster(self):
        try:
            return int((self.home / "m/data/postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return 0

    def kill_backend(self):
        """Of any database: as the server would, or as the kernel would, which takes all backends along."""
        try:
            rows = sql("state", "SELECT pid, datname FROM pg_stat_activity WHERE application_name LIKE 'mst-run%'"
                                " AND pid <> pg_backend_pid()")
        except Wrong:
            return None
        if not rows:
            return None
        pid, database = self.random.choice(rows)
        if self.random.random() < 0.15:
            try:
                os.kill(int(pid), signal.SIGKILL)
            except OSError:
                return None
            return f"kill -9 of a backend of {database}"
        sql("state", f"SELECT pg_terminate_backend({pid})", tries=3)
        return f"end of a backend of {database}"

    def kill(self, p):
        dice = self.random.random()
        try:
            if dice < 0.45:
                os.kill(p.pid, signal.SIGKILL)
                return "mst-run"
            if dice < 0.60:
                below = children(p.pid)
                if not below:
                    return None
                os.kill(self.random.choice(below), signal.SIGKILL)
                return "a child"
            if dice < 0.92:
                return self.kill_backend()
            pid = self.postmaster()
            if not pid:
                return None
            os.kill(pid, signal.SIGKILL)
            return "the postmaster"
        except (OSError, ProcessLookupError):
            return None

    def round(self, disturb=True):
        self.rounds += 1
        fresh = not self.last
        if fresh:
            self.gen += 1
            self.runs += 1
            self.feed()
            sql("warehouse", f"UPDATE chaos.batch SET gen = {self.gen}", tries=20)
            p = self.start([self.folder])
        else:
            p = self.start(["--retry", str(self.last)])
        before = self.last
        began = time.monotonic()
        killed = None
        if disturb:
            end = began + self.random.uniform(0, 1.1 * self.length)
            while time.monotonic() < end and p.poll() is None:
                time.sleep(0.002)
            if p.poll() is None:
                phase = self.phase()
                killed = self.kill(p)
                if killed:
                    self.kills[killed] = self.kills.get(killed, 0) + 1
                    self.where[phase] = self.where.get(phase, 0) + 1
        status = self.wait(p)
        state = self.read_events()
        if fresh and not self.last:
            # killed before its first event: was it recorded?
            newest = one("state", "SELECT coalesce(max(id), 0) FROM mst.run")
            self.last = int(newest) if int(newest) > self.newest else 0
            if not self.last:
                self.gen -= 1
        if self.last:
            self.newest = max(getattr(self, "newest", 0), self.last)
            ended = self.state_of(self.last)
            if state == "succeeded" and ended != "succeeded":
                raise Wrong(f"run {self.last}: mst-run said succeeded, the database says {ended}")
            if ended == "succeeded":
                self.last = 0
        if self.args.verbose:
            print(f"{self.rounds:4} {'run' if fresh else 'retry'} {before or self.newest}: {killed or '-'}, "
                  f"status {status}, {state}, {time.monotonic() - began:.2f} s", flush=True)
        if not killed and status not in (0, 1, 4):
            raise Wrong(f"exit status {status} though nothing was killed")
        return status

    def state_of(self, run):
        subprocess.run([BIN / "mst-ps", str(run)], capture_output=True, check=False)
        return one("state", f"SELECT state FROM mst.run WHERE id = {run}")

    # --- the world ------------------------------------------------------------------

    def feed(self):
        """New rows in the source, some with the time of rows that were read before."""
        n = self.random.randint(0, 400)
        sql("source", f"INSERT INTO public.events (id, at, word) SELECT {self.fed} + g,"
                      f" timestamptz '2026-01-01' + ({self.fed} + g) / 50 * interval '1 minute', 'w' || g"
                      f" FROM generate_series(1, {n}) g", tries=20)
        self.fed += n

    def prepare(self):
        shutil.copytree(HERE / "catalogue", self.folder)
        subprocess.run([BIN / "mst-db", "start"], check=True, capture_output=True)
        sql("state", "CREATE DATABASE source OWNER warehouse")
        socket, port = sql("state", "SELECT current_setting('unix_socket_directories'), current_setting('port')")[0]
        global SOURCE
        SOURCE = f"host={socket} port={port} dbname=source user=warehouse"
        sql("source", "CREATE TABLE public.events (id bigint PRIMARY KEY, at timestamptz NOT NULL, word text)")
        sql("warehouse", "CREATE SCHEMA chaos; CREATE TABLE chaos.batch (gen int); INSERT INTO chaos.batch VALUES (0);"
                         " CREATE TABLE chaos.book (gen int, n int)")
        config = self.home / ".config/mst"
        config.mkdir(parents=True)
        (config / "config").write_text(f"[connection src]\nurl = {SOURCE}\n")
        os.environ.pop("XDG_CONFIG_HOME", None)
        self.newest = 0
        took = []
        for _ in range(3):
            began = time.monotonic()
            if self.round(disturb=False) != 0:
                self.log.seek(0)
                raise Wrong("the catalogue does not run even undisturbed:\n" + self.log.read())
            took.append(time.monotonic() - began)
        self.length = sorted(took)[1]
        # so that it is refreshed by its own job, and made again when mart.counted is replaced
        sql("warehouse", "CREATE UNIQUE INDEX ranked_gen ON mart.ranked (gen)")
        sql("warehouse", "CREATE VIEW chaos.outside AS SELECT gen, n FROM mart.counted WHERE n > 0;"
                         " COMMENT ON VIEW chaos.outside IS 'made by hand'; GRANT SELECT ON chaos.outside TO PUBLIC")

    def check(self):
        wrong = []

        def expect(what, statement, want):
            got = [tuple(r) for r in sql("warehouse", statement, tries=5)]
            if got != want:
                wrong.append(f"{what}: {got[:10]} instead of {want[:10]}\n  {statement}")

        n = self.gen
        expect("raw.cmd", "SELECT count(*), count(DISTINCT id) FROM raw.cmd", [("20000", "20000")])
        expect("mart.appended, each generation once",
               "SELECT gen, count(*), count(DISTINCT id) FROM mart.appended GROUP BY gen"
               " HAVING (count(*), count(DISTINCT id)) IS DISTINCT FROM (500, 500) ORDER BY gen", [])
        expect("mart.appended, no generation lost", "SELECT min(gen), max(gen), count(DISTINCT gen) FROM mart.appended",
               [("1", str(n), str(n))])
        expect("mart.merged, one row a key", "SELECT id FROM mart.merged GROUP BY id HAVING count(*) > 1", [])
        last = {i: n for i in range(1, 301)}
        for gen in range(1, n + 1):
            last.update((i, gen) for i in range(301, 20001) if (i - 300) % 7 == gen % 7)
        expect("mart.merged, the last of each key", "SELECT count(*), sum(last_gen) FROM mart.merged",
               [(str(len(last)), str(sum(last.values())))])
        expect("mart.counted", "SELECT count(*), sum(n) FROM mart.counted", [(str(n), str(500 * n))])
        expect("mart.doubled", "SELECT count(*), sum(n) FROM mart.doubled", [(str(n), str(1000 * n))])
        expect("mart.kept", "SELECT count(*), sum(n) FROM mart.kept", [(str(n), str(500 * n))])
        expect("mart.ranked", "SELECT count(*), sum(n), sum(half) FROM mart.ranked",
               [(str(n), str(1000 * n), str(500 * n))])
        expect("mart.ranked, its index and its mark",
               "SELECT e.made LIKE i.indrelid || ' %' FROM pg_index i, mst_effect e"
               " WHERE i.indexrelid = 'mart.ranked_gen'::regclass AND i.indrelid = 'mart.ranked'::regclass"
               " AND e.target = '\"mart\".\"ranked\"' AND e.made IS NOT NULL ORDER BY e.id DESC LIMIT 1", [("t",)])
        expect("chaos.outside", "SELECT count(*), obj_description('chaos.outside'::regclass) FROM chaos.outside",
               [(str(n), "made by hand")])
        expect("chaos.book, each generation once", "SELECT gen FROM chaos.book GROUP BY gen HAVING count(*) <> 1", [])
        expect("chaos.book, none lost", "SELECT count(*) FROM chaos.book", [(str(n),)])
        expect("left-overs", "SELECT relname FROM pg_class WHERE relname LIKE '%\\_\\_mst\\_%'", [])
        if (self.folder / "raw/fed.sql").exists():
            expect("raw.fed, each row of the source once", "SELECT count(*), count(DISTINCT id), coalesce(max(id), 0)"
                   " FROM raw.fed", [(str(self.fed),) * 3])
        stuck = sql("state", "SELECT id, state FROM mst.run WHERE finished_at IS NULL")
        if stuck:
            wrong.append(f"stuck runs: {stuck}")
        stuck = sql("state", "SELECT run_id, name, state FROM mst.job WHERE state NOT IN ('succeeded', 'skipped')")
        if stuck:
            wrong.append(f"jobs of runs that succeeded have not: {stuck[:10]}")
        known = {(int(r[0]), r[1]) for r in sql("state", "SELECT run_id, name FROM mst.job WHERE state = 'succeeded'")}
        if self.seen - known:
            wrong.append(f"recorded, then lost: {sorted(self.seen - known)[:10]}")
        looked = subprocess.run([BIN / "mst-db", "check"], capture_output=True, text=True)
        if looked.returncode:
            wrong.append(f"mst-db check: {looked.stdout}{looked.stderr}")
        if wrong:
            raise Wrong("\n".join(wrong))

    def run(self):
        began = time.monotonic()
        self.prepare()
        while sum(self.kills.values()) < self.args.kills and time.monotonic() - began < self.args.seconds:
            self.round()
        for _ in range(20):
            if not self.last:
                break
            self.round(disturb=False)
        else:
            raise Wrong(f"run {self.last} does not succeed though nothing is killed any more")
        self.check()
        n = sum(self.kills.values())
        print(f"{n} kills in {self.rounds} rounds of {self.runs} runs, {time.monotonic() - began:.0f} s: nothing lost,"
              " nothing doubled")
        for name, table in (("killed", self.kills), ("while", self.where)):
            print(f"  {name}: " + ", ".join(f"{k} {v}" for k, v in sorted(table.items(), key=lambda x: -x[1])))

    def close(self, keep):
        subprocess.run([BIN / "mst-db", "stop"], capture_output=True)
        self.log.close()
        if not keep:
            shutil.rmtree(self.home, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    chaos = Chaos(args)
    try:
        chaos.run()
    except Wrong as e:
        chaos.log.flush()
        tail = (chaos.home / "talk").read_text(errors="replace").splitlines()[-40:]
        print(f"seed {args.seed}, after {sum(chaos.kills.values())} kills ({chaos.home} is kept):\n{e}\n\nlast words:",
              *tail, sep="\n", file=sys.stderr)
        chaos.close(keep=True)
        return 1
    chaos.close(keep=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
