#!/usr/bin/env python3
"""Holds every JSON line that the commands wrote in the tests against man/schema/.

The lines were kept by tests/cmd/bin/.  Broken JSON, a key that stands twice, an unknown type and a
line that its schema refuses are failures; so is a type of man/schema/ that no test has made.
schema.py FILE ... looks at these files instead, and asks for no type.
"""

import collections
import json
import os
import pathlib
import sys

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parent.parent
SAID_MAX = 40
# what a command reads only, and --introspect
UNSEEN = {"task"}


def once(pairs):
    keys = dict(pairs)
    if len(keys) != len(pairs):
        raise ValueError("a key stands twice")
    return keys


def load():
    validators = {}
    for path in sorted((ROOT / "man/schema").glob("*.json")):
        schema = json.loads(path.read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["properties"]["type"]["const"] == path.stem, path
        validators[path.stem] = jsonschema.Draft202012Validator(schema)
    return validators


def main():
    validators = load()
    files = [pathlib.Path(f) for f in sys.argv[1:]]
    asked = bool(files)
    if not asked:
        build = pathlib.Path(os.environ.get("B", "build"))
        files = sorted((ROOT / build / "tests/lines").glob("*"))
    counts = collections.Counter()
    known = set()
    wrong = 0
    for path in files:
        lines = path.read_bytes().split(b"\n")
        # what a reader that went away has left of the last line
        lines.pop()
        for number, line in enumerate(lines, 1):
            # what is not a JSON line is a page of help, a version, SQL
            if not line.startswith(b"{") or line in known:
                continue
            known.add(line)
            try:
                value = json.loads(line.decode("utf-8"), object_pairs_hook=once)
                kind = value.get("type")
                if kind not in validators:
                    raise ValueError(f"no schema for type {kind!r}")
                counts[kind] += 1
                errors = [f"{e.json_path}: {e.message}" for e in validators[kind].iter_errors(value)]
            except ValueError as e:
                errors = [str(e)]
            if errors:
                wrong += 1
                if wrong <= SAID_MAX:
                    print(f"{path.name}:{number}: {'; '.join(errors)[:600]}\n    {line[:300].decode('utf-8', 'replace')}")
    for kind, n in sorted(counts.items()):
        print(f"{n} lines of type {kind}")
    if wrong:
        print(f"{wrong} lines are wrong")
    unseen = sorted(set(validators) - set(counts) - UNSEEN)
    if unseen and not asked:
        print(f"no test made a line of type {', '.join(unseen)}")
        wrong += 1
    sys.exit(wrong > 0 or not counts)


if __name__ == "__main__":
    main()
