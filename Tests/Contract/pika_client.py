#!/usr/bin/env python3
"""One event from end to end: a producer, a delivery engine and a subscriber in one program.

    pip install pika "jsonschema[format]"
    python3 pika_client.py --url amqp://guest:guest@127.0.0.1:5672/

Publishes an event, gets the receipt, takes the delivery, answers it as a delivery engine would,
and sees the status become pending-delivery and then sent. Every message is checked against the
schemas. Exit code 0: all of it happened, each step within --timeout seconds.
"""

import argparse
import collections
import contextlib
import datetime
import json
import pathlib
import signal
import sys
import time
import uuid

import jsonschema
import pika
from referencing import Registry, Resource

SCHEMAS = pathlib.Path(__file__).resolve().parents[2] / "schemas"

EVENT = {
    "id": f"example-{uuid.uuid4()}",
    "type": "order_confirmation",
    "channel": "email",
    "email": "elsa@example.se",
    "origin": "shop-se",
    "externalId": "cust-77",
    "language": "sv-SE",
    "ctx": {
        "client": {"firstname": "Elsa"},
        "order": {"number": "1042", "lines": [{"name": "Kaffe", "price": "49"}]},
    },
}


def run(url, prefix, event, timeout):
    event_id, event_type = event["id"], event["type"]
    email = event.get("channel") or "email"
    check = load_schemas()
    check("event", event)

    with deadline(timeout, f"no connection to the broker in {timeout} s"):
        connection = pika.BlockingConnection(pika.URLParameters(url))
        channel = connection.channel()
        channel.confirm_delivery()  # basic_publish now waits for the broker's confirm
        receipts = Inbox(connection, channel, own_queue(channel))
        statuses = Inbox(connection, channel, own_queue(channel))
        channel.queue_bind(statuses.queue, f"{prefix}.status", f"*.realtime.*.{event_type}")
        deliveries = Inbox(connection, channel, f"{prefix}.deliveries.{email}")

    def publish(exchange, routing_key, body, **properties):
        """Persistent, mandatory and confirmed: an error here means it is not in the broker."""
        channel.basic_publish(
            exchange,
            routing_key,
            json.dumps(body),
            pika.BasicProperties(
                content_type="application/json",
                delivery_mode=pika.DeliveryMode.Persistent,
                timestamp=int(time.time()),
                **properties,
            ),
            mandatory=True,
        )

    # The producer: publish an event; the receipt says that it is durable.
    with deadline(timeout, "the broker did not confirm the event"):
        publish(
            f"{prefix}.realtime",
            event_type,
            event,
            message_id=event_id,
            correlation_id=event_id,
            reply_to=receipts.queue,
        )
    with deadline(timeout, f"no receipt in {timeout} s"):
        receipt, _ = receipts.take(lambda body: body.get("eventId") == event_id)
    check("receipt", receipt)
    if not receipt["accepted"]:
        raise Failure(f"the event was refused: {receipt['reason']}")
    if receipt["duplicate"]:
        raise Failure(f"event {event_id} was published before; give it another id")
    print(f"receipt    accepted, {receipt['status']}")

    # The delivery engine: take the rendered message. It may come twice; deliveryId tells.
    with deadline(timeout, f"no delivery in {timeout} s: does a template match the event?"):
        delivery, delivery_properties = deliveries.take(lambda body: body["eventId"] == event_id)
    check("delivery", delivery)
    print(f"delivery   {delivery['deliveryId']}: {delivery['content'].get('subject')}")

    # The subscriber: updates may come twice, so only a higher (lineage, sequence) is news. A
    # lineage above 0 begins where the service's store was restored from a backup.
    def place(update):
        return (update.get("lineage") or 0, update["sequence"])

    def next_status(after):
        with deadline(timeout, f"no status after {after} in {timeout} s"):
            update, _ = statuses.take(
                lambda body: body["eventId"] == event_id
                and place(body) > after
                and body["status"] != "pending"
            )
        check("status-update", update)
        print(f"status     {update['sequence']} {update['status']}")
        return update

    # A real engine sends at once, and its answer may then overtake pending-delivery. This
    # example waits, because it wants to see both.
    first = next_status(after=(0, 0))
    log = {
        "deliveryId": delivery["deliveryId"],
        "eventId": delivery["eventId"],
        "outcome": "sent",
        "providerMessageId": f"<{uuid.uuid4()}@mx.example.se>",
        "occurredAt": datetime.datetime.now(datetime.timezone.utc).isoformat(),
    }
    check("delivery-log", log)
    with deadline(timeout, "the broker did not confirm the delivery log"):
        publish(
            f"{prefix}.delivery-logs",
            delivery_properties.reply_to,  # leads to the shard that knows the event
            log,
            message_id=delivery["deliveryId"],
            correlation_id=event_id,
        )
        deliveries.acknowledge()  # only now: until the answer is safe, the delivery stays ours
    second = next_status(after=place(first))

    with deadline(timeout, "the connection did not close"):
        connection.close()
    seen = [first["status"], second["status"]]
    if seen != ["pending-delivery", "sent"]:
        raise Failure(f"expected pending-delivery, then sent; saw {', then '.join(seen)}")


class Failure(Exception):
    """Something did not happen as the contract says; the text says what."""


class Inbox:
    """What arrives in one queue. `take` waits; a deadline around it ends the wait."""

    def __init__(self, connection, channel, queue):
        self.connection, self.channel, self.queue = connection, channel, queue
        self.arrived = collections.deque()
        self.tag = None
        channel.basic_consume(queue, lambda _, *message: self.arrived.append(message))

    def take(self, wanted):
        """The first message that is wanted: its body and properties. The others are left
        unacknowledged, so that a shared queue has them back when the connection closes."""
        while True:
            while self.arrived:
                method, properties, body = self.arrived.popleft()
                body = json.loads(body)
                if wanted(body):
                    self.tag = method.delivery_tag
                    return body, properties
            self.connection.process_data_events(time_limit=1)

    def acknowledge(self):
        self.channel.basic_ack(self.tag)


def own_queue(channel):
    """A queue with a name of the broker's that goes when we go."""
    return channel.queue_declare("", exclusive=True).method.queue


def load_schemas():
    """check(kind, message): raises Failure when a message is not as its schema says."""
    schemas = [json.loads(path.read_text("utf-8")) for path in SCHEMAS.glob("*.schema.json")]
    registry = Registry().with_resources((s["$id"], Resource.from_contents(s)) for s in schemas)

    def check(kind, message):
        validator = jsonschema.Draft202012Validator(
            {"$ref": f"https://meddela.dev/schemas/1/{kind}.schema.json"},
            registry=registry,
            format_checker=jsonschema.FormatChecker(),
        )
        for error in validator.iter_errors(message):
            raise Failure(f"{kind} {error.json_path}: {error.message}")

    return check


@contextlib.contextmanager
def deadline(seconds, message):
    """Ends whatever waits inside, pika's own waiting for the broker included."""

    def expire(*_):
        raise Failure(message)

    signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--url", default="amqp://guest:guest@127.0.0.1:5672/")
    parser.add_argument("--prefix", default="meddela", help="of exchanges and queues")
    parser.add_argument("--event", type=pathlib.Path, metavar="FILE", help="JSON; default built in")
    parser.add_argument("--timeout", type=float, default=60, metavar="SECONDS", help="each wait")
    arguments = parser.parse_args()
    event = json.loads(arguments.event.read_text("utf-8")) if arguments.event else EVENT
    try:
        run(arguments.url, arguments.prefix, event, arguments.timeout)
    except Failure as failure:
        sys.exit(str(failure))
    except pika.exceptions.AMQPError as error:
        sys.exit(f"AMQP: {error!r}")


if __name__ == "__main__":
    main()
