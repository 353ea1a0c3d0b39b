#!/usr/bin/env python3
"""Runs client programs (clients/) against a service and looks at what became of their events.

    python3 clients.py --url amqp://127.0.0.1:5672 clients/go-amqp091.go clients/ruby-bunny.rb

A program finds the broker in BROKER_URL, BROKER_HOST, BROKER_PORT and BROKER_MAJOR (the account is
guest), an event with @ID@ for its id in EVENT, a queue for receipts in REPLIES. It publishes to
meddela.realtime and prints a line for each event:

    ID                  a delivery has to come of it
    ID receipt          also, its receipt has to say that it is accepted
    ID refused TEXT     its receipt has to say that it is not accepted, with TEXT in the reason
    ID parked CODE      its body has to be in meddela.parked with that reason

What each message had for properties is shown. Exit code 0: all was as it should be.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import urllib.parse

import pika

EXCHANGE, PREFIX = "meddela.realtime", "meddela"
REPLIES = "clients-test.replies"
PROGRAM_SECONDS, SETTLE_SECONDS = 300, 60
JAVA_PATH = "/usr/share/java/amqp-client.jar:/usr/share/java/slf4j-api.jar"
COMMANDS = {
    ".py": [sys.executable],
    ".go": ["go", "run"],
    ".php": ["php"],
    ".rb": ["ruby"],
    ".java": ["java", "-cp", JAVA_PATH],
    ".pl": ["perl"],
    ".sh": ["bash"],
}
EVENT = {
    "id": "@ID@",
    "type": "order_confirmation",
    "email": "elsa@example.se",
    "language": "sv",
    "ctx": {
        "client": {"firstname": "Elsa", "lastname": "Bj\u00f6rk"},
        "order": {
            "number": "1042", "date": "2026-12-24", "total": "49", "currency": "SEK",
            "lines": [{"name": "Kaffe", "price": "49", "quantity": "1"}],
        },
    },
}


class Watch:
    """What comes out of the broker about the events, by event id."""

    def __init__(self, url):
        self.connection = pika.BlockingConnection(pika.URLParameters(url))
        self.version = self.connection._impl.server_properties["version"]
        self.channel = self.connection.channel()
        self.channel.queue_declare(REPLIES, durable=True)
        self.seen, self.statuses, self.receipts, self.parked = {}, {}, {}, []
        self.queues = {}
        for exchange in (EXCHANGE, f"{PREFIX}.status", f"{PREFIX}.parked"):
            queue = self.channel.queue_declare("", exclusive=True).method.queue
            self.channel.queue_bind(queue, exchange, "#")
            self.queues[exchange] = queue

    def take(self, ids):
        """Reads what has come since the last call. `ids`: of all events so far."""
        for properties, body in self._messages(EXCHANGE):
            name = properties.message_id
            if name not in ids:
                name = next((id for id in ids if holds(body, id)), f"? {body[:60]!r}")
            self.seen[name] = properties
        for _, body in self._messages(f"{PREFIX}.status"):
            update = json.loads(body)
            self.statuses.setdefault(update["eventId"], []).append(update)
        self.parked += self._messages(f"{PREFIX}.parked")
        for properties, body in self._messages(None):
            receipt = json.loads(body)
            self.receipts[receipt["eventId"] or properties.correlation_id] = receipt

    def _messages(self, exchange):
        found = []
        while True:
            method, properties, body = self.channel.basic_get(
                self.queues.get(exchange, REPLIES), auto_ack=True
            )
            if method is None:
                return found
            found.append((properties, body))

    def problem(self, id, expected):
        """What is not (yet) as expected of the event, or None."""
        word, _, rest = expected.partition(" ")
        if word == "parked":
            copies = [properties for properties, body in self.parked if holds(body, id)]
            reasons = [copy.headers.get("x-meddela-reason") for copy in copies]
            return None if rest in reasons else f"parked with {reasons}, not {rest}"
        receipt = self.receipts.get(id)
        if word == "refused":
            if receipt is None or receipt["accepted"]:
                return f"is not refused: {receipt}"
            text = receipt.get("reason", {}).get("text", "")
            return None if rest in text else f"is refused with {text!r}"
        if word == "receipt" and not (receipt and receipt["accepted"]):
            return f"has the receipt {receipt}"
        found = [update["status"] for update in self.statuses.get(id, [])]
        if "pending-delivery" in found:
            return None
        copies = [properties.headers for properties, body in self.parked if holds(body, id)]
        return f"has the statuses {found}, parked: {copies}"


def holds(body, id):
    """Whether a body names the id, as a whole word."""
    return re.search(rb"(?<![\w-])" + re.escape(id.encode()) + rb"(?![\w-])", body) is not None


def run(program, environment):
    """Returns what the program says it published, as (id, expected), and what went wrong."""
    command = COMMANDS[program.suffix] + [str(program)]
    try:
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=PROGRAM_SECONDS, check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return [], str(error)
    lines = [line.partition(" ") for line in done.stdout.splitlines() if line]
    said = [(id, rest) for id, _, rest in lines]
    if done.returncode != 0:
        return said, f"ended with {done.returncode}: {done.stdout}{done.stderr}".strip()
    return said, None if said else "published nothing"


def properties_text(properties):
    """The properties that a message has, without what is the same for all."""
    if properties is None:
        return "not seen"
    names = [
        "content_type", "content_encoding", "delivery_mode", "priority", "message_id", "type",
        "app_id", "user_id", "timestamp", "correlation_id", "reply_to", "headers",
    ]
    found = [(name, getattr(properties, name)) for name in names]
    return " ".join(f"{name}={value}" for name, value in found if value not in (None, {}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--url", required=True)
    parser.add_argument("programs", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()
    watch = Watch(arguments.url)
    parts = urllib.parse.urlsplit(arguments.url)
    environment = {
        **os.environ,
        "BROKER_URL": f"amqp://guest:guest@{parts.hostname}:{parts.port}",
        "BROKER_HOST": parts.hostname, "BROKER_PORT": str(parts.port),
        "BROKER_MAJOR": watch.version.split(".")[0],
        "EVENT": json.dumps(EVENT, ensure_ascii=False), "REPLIES": REPLIES,
        # Go as Debian packages it: libraries in a folder, no modules.
        "GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOFLAGS": "",
    }
    print(f"RabbitMQ {watch.version}")
    failed, count, everything = 0, 0, set()
    for program in arguments.programs:
        said, trouble = run(program, environment)
        everything.update(id for id, _ in said)
        end = time.monotonic() + SETTLE_SECONDS
        while True:
            watch.take(everything)
            problems = {id: problem for id, rest in said if (problem := watch.problem(id, rest))}
            if trouble or not problems or time.monotonic() > end:
                break
            time.sleep(0.05)
        print(f"{program.stem}: {'FAILED' if trouble or problems else 'passed'}")
        for id, rest in said:
            print(f"  {id}{f' ({rest})' if rest else ''}: {properties_text(watch.seen.get(id))}")
        for text in ([trouble] if trouble else []) + [f"{id} {p}" for id, p in problems.items()]:
            print(f"  FAILED: {text}")
        failed += bool(trouble or problems)
        count += len(said)
    watch.channel.queue_delete(REPLIES)
    watch.connection.close()
    print(f"{count} messages of {len(arguments.programs)} clients, {failed} clients failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
