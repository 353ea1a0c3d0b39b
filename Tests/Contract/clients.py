#!/usr/bin/env python3
"""Events published with client libraries of Python, as deploy/handbook/producers.md shows them.

    pip install pika kombu aio-pika python-qpid-proton
    python3 clients.py --url amqp://guest:guest@127.0.0.1:5672/ --prefix meddela

Each event asks for a receipt, and each must be accepted; a map over AMQP 1.0 must be refused.
AMQP 1.0 needs the plugin rabbitmq_amqp1_0 on RabbitMQ 3. Exit code 0: all was as it should be.
"""

import argparse
import asyncio
import json
import sys
import time
import urllib.parse

import aio_pika
import kombu
import pika
import proton
import proton.utils

REPLIES = "clients-test.replies"


def event(id):
    return {
        "id": id,
        "type": "order_confirmation",
        "email": "elsa@example.se",
        "ctx": {"client": {"firstname": "Elsa"}, "order": {"number": "1042"}},
    }


def with_pika(url, exchange):
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.confirm_delivery()
    channel.basic_publish(
        exchange,
        "order_confirmation",
        json.dumps(event("pika")),
        mandatory=True,
        properties=pika.BasicProperties(
            content_type="application/json", delivery_mode=2, message_id="pika", reply_to=REPLIES
        ),
    )
    connection.close()
    return ["pika"]


def with_kombu(url, exchange):
    forms = {"kombu": None, "kombu-gzip": "gzip", "kombu-zlib": "zlib"}
    options = {"confirm_publish": True}
    with kombu.Connection(url, transport_options=options) as connection:
        with connection.Producer() as producer:
            for id, compression in forms.items():
                producer.publish(
                    event(id), exchange=exchange, routing_key="order_confirmation",
                    serializer="json", compression=compression, message_id=id, delivery_mode=2,
                    mandatory=True, declare=[], reply_to=REPLIES,
                )
    return list(forms)


async def with_aio_pika(url, exchange):
    connection = await aio_pika.connect(url)
    channel = await connection.channel(publisher_confirms=True)
    target = await channel.get_exchange(exchange)
    await target.publish(
        aio_pika.Message(
            json.dumps(event("aio-pika")).encode(), message_id="aio-pika", delivery_mode=2,
            reply_to=REPLIES,
        ),
        routing_key="order_confirmation",
        mandatory=True,
    )
    await connection.close()
    return ["aio-pika"]


def with_proton(url, exchange, version):
    """Returns the ids that are accepted and those that are refused."""
    parts = urllib.parse.urlsplit(url)
    word, queue = ("exchanges", "queues") if version >= 4 else ("exchange", "queue")
    connection = proton.utils.BlockingConnection(
        f"{parts.hostname}:{parts.port}", user=parts.username or "guest",
        password=parts.password or "guest", allowed_mechs="PLAIN",
    )
    sender = connection.create_sender(f"/{word}/{exchange}/order_confirmation")
    bodies = {
        "proton-data": (json.dumps(event("proton-data")).encode(), True),
        "proton-text": (json.dumps(event("proton-text")), False),
        "proton-binary": (json.dumps(event("proton-binary")).encode(), False),
        "proton-map": (event("proton-map"), False),
    }
    for id, (body, inferred) in bodies.items():
        sender.send(
            proton.Message(
                body=body, inferred=inferred, durable=True, id=id, correlation_id=id,
                reply_to=f"/{queue}/{REPLIES}",
            )
        )
    connection.close()
    return [id for id in bodies if id != "proton-map"], ["proton-map"]


def receipts(channel, count, seconds=60):
    """By event id, or by correlation id where the event's could not be made out."""
    found = {}
    end = time.monotonic() + seconds
    while len(found) < count and time.monotonic() < end:
        method, properties, body = channel.basic_get(REPLIES, auto_ack=True)
        if method is None:
            time.sleep(0.05)
            continue
        receipt = json.loads(body)
        found[receipt["eventId"] or properties.correlation_id] = receipt
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--url", required=True)
    parser.add_argument("--prefix", default="meddela")
    arguments = parser.parse_args()
    url, exchange = arguments.url, f"{arguments.prefix}.realtime"
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.queue_declare(REPLIES, durable=True)
    version = int(connection._impl.server_properties["version"].split(".")[0])
    accepted = with_pika(url, exchange) + with_kombu(url, exchange)
    accepted += asyncio.run(with_aio_pika(url, exchange))
    more, refused = with_proton(url, exchange, version)
    accepted += more
    found = receipts(channel, len(accepted) + len(refused))
    channel.queue_delete(REPLIES)
    connection.close()
    wrong = [id for id in accepted if not found.get(id, {}).get("accepted")]
    wrong += [
        id for id in refused
        if "data section" not in found.get(id, {}).get("reason", {}).get("text", "")
    ]
    if wrong:
        sys.exit(f"not as expected: {wrong}\n{json.dumps(found, indent=1)}")
    print(f"accepted: {' '.join(accepted)}; refused: {' '.join(refused)}")


if __name__ == "__main__":
    main()
