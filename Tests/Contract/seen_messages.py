#!/usr/bin/env python3
"""Holds the messages that a run of the tests has seen against their schemas.

    seen_messages.py [--all] FOLDER

FOLDER has what the tests wrote there (MEDDELA_TEST_MESSAGES): delivery.ndjson,
status-update.ndjson and receipt.ndjson, one message a line. Messages that differ only in their
times and in numbers of three digits and more are checked once; each time is checked in each.
Prints the first of each kind that breaks its schema, and exits with 1 if one does. With --all it
is also a failure when there is none of a kind: all tests have run.
"""

import argparse
import datetime
import json
import pathlib
import re
import sys

from check_schemas import Contract

KINDS = ["delivery", "status-update", "receipt"]
TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
NUMBER = re.compile(rb"\d{3,}")


def form(line):
    """The line without what may differ: each time the same, numbers by where they came first, so
    that those that were equal still are."""
    for found in set(TIME.findall(line)):
        datetime.datetime.fromisoformat(found.decode())
    names = {}

    def name(match):
        number = match[0]
        known = names.setdefault(number, len(names))
        return b"<%d:%d>" % (len(number), known)

    return NUMBER.sub(name, TIME.sub(b"<time>", line))


def check(contract, kind, path):
    """The first failure, as a text, or None; says how many there were."""
    forms = set()
    count = 0
    with open(path, "rb") as lines:
        for count, line in enumerate(lines, 1):
            where = f"{path.name}:{count}"
            try:
                known = form(line)
                if known in forms:
                    continue
                forms.add(known)
                errors = contract.errors(kind, json.loads(line))
            except ValueError as error:
                return f"{where}: is not what it should be: {error}\n    {shown(line)}"
            if errors:
                place, what = errors[0]
                return f"{where}: {place}: {what}\n    {shown(line)}"
    print(f"{count} messages of kind {kind}, {len(forms)} forms")
    return None


def shown(line):
    text = line.decode("utf-8", "replace").rstrip("\n")
    return text if len(text) <= 600 else text[:600] + " ..."


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--all", action="store_true", help="each kind has to be there")
    parser.add_argument("folder", type=pathlib.Path)
    arguments = parser.parse_args()
    contract = Contract()
    failures = []
    for kind in KINDS:
        path = arguments.folder / f"{kind}.ndjson"
        if path.is_file():
            failure = check(contract, kind, path)
        else:
            failure = f"{path}: no test has seen a {kind}" if arguments.all else None
        if failure:
            failures.append(failure)
    for failure in failures:
        print(failure, file=sys.stderr)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
