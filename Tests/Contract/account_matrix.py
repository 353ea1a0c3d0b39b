#!/usr/bin/env python3
"""What each account of deploy/accounts/accounts.json may do at a broker, tried one by one.

    account_matrix.py --host 127.0.0.1 --port 5672 --passwords FOLDER
    account_matrix.py ... --page deploy/handbook/accounts.md    compares the table in the page, too

The broker has deploy/definitions.json and what deploy/accounts/with-passwords wrote; no service runs.
FOLDER is the one that with-passwords was given. Prints the table of roles and operations as it
stands in the handbook. Exit code 1: an account may do what it must not, or may not do what it must.

Needs: pip install pika. What is tried changes nothing that is there but this: messages that an
account may publish stay in the broker until somebody deletes them.
"""

import argparse
import pathlib
import sys
import uuid

import pika
import pika.exceptions

ROLES = {
    "service": "meddela-service",
    "service, assert": "meddela-service-assert",
    "producer": "meddela-producer",
    "engine": "meddela-engine-email",
    "subscriber": "meddela-subscriber",
    "operator": "meddela-operator",
}
SERVICE, ASSERT, PRODUCER, ENGINE, SUBSCRIBER, OPERATOR = ROLES
SERVICES = {SERVICE, ASSERT}
PROBE = f"probe-{uuid.uuid4()}"


def publish(exchange, key):
    def run(channel):
        # Not routed to a queue of ours where that can be had; the permission is asked for first.
        channel.basic_publish(exchange, key, b"{}", pika.BasicProperties(message_id=PROBE))

    return run


def consume(queue):
    def run(channel):
        # Whatever comes stays unacknowledged and goes back when the channel closes.
        channel.basic_qos(prefetch_count=1)
        channel.basic_consume(queue, lambda *_: None)

    return run


def purge(queue):
    return lambda channel: channel.queue_purge(queue)


def make_queue(queue, **arguments):
    def run(channel):
        channel.queue_declare(queue, arguments={"x-expires": 60_000} | arguments)
        channel.queue_delete(queue)

    return run


def delete_queue(queue):
    return lambda channel: channel.queue_delete(queue)


def delete_exchange(exchange):
    return lambda channel: channel.exchange_delete(exchange)


def bind(queue, exchange, key):
    """The queue is the role's own, so that the exchange decides."""

    def run(channel):
        channel.queue_declare(queue, arguments={"x-expires": 60_000})
        channel.queue_bind(queue, exchange, key)
        channel.queue_delete(queue)

    return run


def tap(queue, exchange, key):
    """The queue is there and is taken for granted; its binding goes again."""

    def run(channel):
        channel.queue_bind(queue, exchange, key)
        channel.queue_unbind(queue, exchange, key)

    return run


def lease(channel):
    channel.queue_declare(
        "meddela.owner.00.lease", exclusive=True, arguments={"x-queue-type": "classic"})


def look(queue):
    return lambda channel: channel.queue_declare(queue, passive=True)


WATCH = "meddela.watch.1"
# What is tried, and who may. A queue 99 of the inputs and a channel `none` are not there: the broker
# asks for the permission by name, before it looks.
OPERATIONS = [
    ("publish an event to `meddela.realtime`", publish("meddela.realtime", "probe"), {PRODUCER, OPERATOR}),
    ("publish an event to `meddela.batch`", publish("meddela.batch", "probe"), {PRODUCER, OPERATOR}),
    ("take events from `meddela.realtime.00`", consume("meddela.realtime.00"), SERVICES),
    ("take events from `meddela.batch.00`", consume("meddela.batch.00"), SERVICES),
    ("publish a delivery to `meddela.deliveries`", publish("meddela.deliveries", "none.probe"), SERVICES | {OPERATOR}),
    ("take deliveries of its own channel", consume("meddela.deliveries.email"), {SERVICE, ENGINE}),
    ("take deliveries of another channel", consume("meddela.deliveries.sms"), {SERVICE}),
    ("answer with a delivery log (key `meddela.delivery-logs.00`)", publish("meddela.delivery-logs", "meddela.delivery-logs.00"), {ENGINE, OPERATOR}),
    ("publish a delivery log with another key", publish("meddela.delivery-logs", "elsewhere"), {OPERATOR}),
    ("take delivery logs from `meddela.delivery-logs.00`", consume("meddela.delivery-logs.00"), SERVICES),
    ("publish a status update to `meddela.status`", publish("meddela.status", "sent.realtime.email.probe"), SERVICES),
    ("subscribe: a queue `meddela.watch.*` bound to `meddela.status`", bind(WATCH, "meddela.status", "#"), {SUBSCRIBER}),
    ("read the stream `meddela.status.history`", consume("meddela.status.history"), {SUBSCRIBER}),
    ("park: publish to `meddela.parked`", publish("meddela.parked", "probe"), SERVICES),
    ("read or discard parked messages", consume("meddela.parked"), {SERVICE, OPERATOR}),
    ("read or discard unrouted messages", consume("meddela.unrouted"), {SERVICE, OPERATOR}),
    ("publish to `meddela.unrouted`", publish("meddela.unrouted", ""), {SERVICE}),
    ("hold the lease", lease, SERVICES),
    ("read the owner record", consume("meddela.owner.00"), SERVICES),
    ("write an owner record", publish("meddela.owner", "meddela.owner.99"), SERVICES),
    ("send a receipt (publish to any queue by its name)", publish("", f"nobody-{PROBE}"), SERVICES),
    ("make a queue for receipts, `receipts.meddela.*`", make_queue("receipts.meddela.1"), {PRODUCER}),
    ("make an input queue", make_queue("meddela.realtime.99"), {SERVICE}),
    ("make a queue of another name", make_queue("anything"), set()),
    ("make a queue for receipts that dead-letters into the inputs", make_queue(
        "receipts.meddela.2", **{"x-dead-letter-exchange": "meddela.realtime"}), {PRODUCER}),
    ("make a watch queue that dead-letters into the inputs", make_queue(
        "meddela.watch.2", **{"x-dead-letter-exchange": "meddela.realtime"}), set()),
    ("see events as they come (`meddela.realtime` bound to a watch queue)", bind(WATCH, "meddela.realtime", "#"), set()),
    ("see deliveries as they go (`meddela.deliveries` bound to a watch queue)", bind(WATCH, "meddela.deliveries", "#"), set()),
    ("lead deliveries into `meddela.parked`, too", tap("meddela.parked", "meddela.deliveries", "none.probe"), {SERVICE}),
    ("see whether a queue is there, and how deep", look("meddela.realtime.00"), set(ROLES)),
    ("empty an input queue", purge("meddela.realtime.99"), SERVICES),
    ("empty the queue of another channel", purge("meddela.deliveries.none"), {SERVICE}),
    ("delete an input queue", delete_queue("meddela.realtime.99"), {SERVICE}),
    ("delete a queue of deliveries", delete_queue("meddela.deliveries.none"), {SERVICE}),
    ("delete the exchange `meddela.realtime.99`", delete_exchange("meddela.realtime.99"), {SERVICE}),
    ("delete an exchange of another program", delete_exchange("others"), set()),
    ("take from a queue of another program", consume("others"), set()),
    ("publish to an exchange of another program", publish("amq.topic", "probe"), set()),
]
MAY, REFUSED = "yes", ""


def attempt(connection, run):
    """`yes`, empty for a refusal (403), or the broker's words for anything else."""
    channel = connection.channel()
    try:
        # A publish is answered by nothing else; the confirm comes behind a refusal.
        channel.confirm_delivery()
        run(channel)
        channel.queue_declare("meddela.parked", passive=True)
        return MAY
    except pika.exceptions.ChannelClosedByBroker as error:
        if error.reply_code == 403:
            return REFUSED
        if error.reply_code == 404:  # asked for after the permission
            return MAY
        return f"{error.reply_code} {error.reply_text}"
    except pika.exceptions.NackError:
        return MAY
    finally:
        if channel.is_open:
            channel.close()


def observe(arguments):
    rows = [{} for _ in OPERATIONS]
    for role, account in ROLES.items():
        password = (arguments.passwords / account).read_text(encoding="utf-8").splitlines()[0]
        connection = pika.BlockingConnection(
            pika.ConnectionParameters(
                arguments.host, arguments.port, "/", pika.PlainCredentials(account, password)))
        for row, (_, run, _) in zip(rows, OPERATIONS):
            row[role] = attempt(connection, run)
        connection.close()
    return rows


def table(rows):
    yield "| | " + " | ".join(ROLES) + " |"
    yield "|---" * (len(ROLES) + 1) + "|"
    for row, (name, _, _) in zip(rows, OPERATIONS):
        yield f"| {name} | " + " | ".join(row[role] for role in ROLES) + " |"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5672)
    parser.add_argument("--passwords", type=pathlib.Path, required=True)
    parser.add_argument("--page", type=pathlib.Path)
    arguments = parser.parse_args()
    rows = observe(arguments)
    lines = list(table(rows))
    print("\n".join(lines))
    failures = []
    for row, (name, _, allowed) in zip(rows, OPERATIONS):
        for role in ROLES:
            wanted = MAY if role in allowed else REFUSED
            if row[role] != wanted:
                failures.append(f"{role}: {name}: {row[role] or 'refused'}, not {wanted or 'refused'}")
    if arguments.page and "\n".join(lines) not in arguments.page.read_text(encoding="utf-8"):
        failures.append(f"{arguments.page} has another table")
    for failure in failures:
        print(failure, file=sys.stderr)
    sys.exit(1 if failures else 0)


main()
