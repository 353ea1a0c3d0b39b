#!/usr/bin/env python3
"""Events as producers' libraries send them with their defaults, and a message that parks.

    pip install pika
    python3 producers.py --url amqp://guest:guest@127.0.0.1:5672/ --prefix meddela

Publishes one event in each of the forms below and waits for its receipt: all must be accepted.
Then publishes a body that is no event, with every property set, and looks at its copy in the
parked queue, where it stays. Exit code 0: all was as it should be.
"""

import argparse
import gzip
import json
import sys
import time
import zlib

import pika


def event(number):
    return {
        "id": f"producer-{number}",
        "type": "order_confirmation",
        "email": "elsa@example.se",
        "language": "sv",
        "ctx": {
            "client": {"firstname": "Elsa", "lastname": "Berg"},
            "order": {
                "number": "1042", "date": "2026-12-24", "total": "49", "currency": "SEK",
                "lines": [{"name": "Kaffe", "price": "49", "quantity": "1"}],
            },
        },
    }


def forms():
    """Of each: what sends it, the body, its properties. The events are producer-0, -1, ..."""
    numbers = iter(range(1000))

    def body():
        return json.dumps(event(next(numbers))).encode()

    def cloud_event():
        inner = event(next(numbers))
        head = {"specversion": "1.0", "source": "shop", "id": inner.pop("id")}
        return {**head, "type": inner.pop("type"), "data": inner}

    yield "Spring, a string", body(), {"content_type": "text/plain", "content_encoding": "UTF-8"}
    yield "Spring, compressed", gzip.compress(body()), {
        "content_type": "application/json", "content_encoding": "gzip:UTF-8",
    }
    yield "deflate", zlib.compress(body()), {"content_encoding": "deflate"}
    yield "kombu, compressed", zlib.compress(body()), {
        "content_type": "application/json", "content_encoding": "utf-8",
        "headers": {"compression": "application/x-gzip"},
    }
    yield "Bunny", body(), {"content_type": "application/octet-stream"}
    yield ".NET, with a byte order mark", b"\xef\xbb\xbf" + body(), {}
    yield "a framework's own message_id", body(), {"message_id": "0dc60000-af01-11"}
    envelope = {"messageId": "0dc6", "message": event(next(numbers)), "headers": {}, "host": {}}
    yield "MassTransit", json.dumps(envelope).encode(), {
        "content_type": "application/vnd.masstransit+json", "message_id": "0dc60000-0001",
    }
    value = body()
    yield "AMQP 1.0, a string", b"\x00\x53\x77\xb1" + len(value).to_bytes(4, "big") + value, {
        "type": "amqp-1.0",
    }
    yield "a CloudEvent as plain JSON", json.dumps(cloud_event()).encode(), {
        "content_type": "application/json",
    }
    whole = cloud_event()
    yield "a CloudEvent with ce- headers", json.dumps(whole.pop("data")).encode(), {
        "content_type": "application/json",
        "headers": {f"ce-{name}": text for name, text in whole.items()},
    }
    number = next(numbers)
    xml = (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><PushEvents '
        'xmlns="urn:nms:rtEvent"><domEventCollection><Events><rtEvent type="order_confirmation" '
        'email="elsa@example.se" language="sv"><ctx><client firstname="Elsa"/><order '
        'number="1"><lines name="Kaffe"/></order></ctx></rtEvent></Events></domEventCollection>'
        "</PushEvents></s:Body></s:Envelope>"
    )
    yield "Adobe's SOAP, without an id", xml.encode(), {
        "content_type": "application/soap+xml; charset=utf-8", "message_id": f"producer-{number}",
    }


def wait(what, look, seconds=60):
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found is not None:
            return found
        if time.monotonic() > end:
            sys.exit(f"{what}: not within {seconds} s")
        time.sleep(0.05)


def check_accepted(channel, prefix):
    replies = channel.queue_declare("", exclusive=True).method.queue
    count = 0
    for name, body, properties in forms():
        channel.basic_publish(
            f"{prefix}.realtime",
            "order_confirmation",
            body,
            pika.BasicProperties(
                delivery_mode=2, correlation_id=name, reply_to=replies, **properties
            ),
            mandatory=True,
        )
        answer = wait(name, lambda: channel.basic_get(replies, auto_ack=True)[2])
        receipt = json.loads(answer)
        if receipt["accepted"] is not True or receipt["duplicate"]:
            sys.exit(f"{name}: {receipt}")
        count += 1
    return count


def check_parked(channel, prefix):
    channel.basic_publish(
        f"{prefix}.realtime",
        "order_confirmation",
        b"nope",
        pika.BasicProperties(
            content_type="application/json", content_encoding="utf-8", delivery_mode=1,
            priority=3, correlation_id="c-1", expiration="60000", message_id="parks",
            timestamp=1234567890, type="order", user_id="guest", app_id="shop",
            headers={"tenant": "north", "n": 7, "CC": ["other.key"]},
        ),
        mandatory=True,
    )

    def look():
        method, properties, body = channel.basic_get(f"{prefix}.parked")
        if method is None:
            return None
        channel.basic_nack(method.delivery_tag, requeue=True)
        return properties, body

    properties, body = wait("the parked copy", look)
    headers = properties.headers
    expected = [
        (body, b"nope"), (properties.content_type, "application/json"),
        (properties.content_encoding, "utf-8"), (properties.delivery_mode, 2),
        (properties.priority, 3), (properties.correlation_id, "c-1"),
        (properties.expiration, None), (properties.message_id, "parks"),
        (properties.timestamp, 1234567890), (properties.type, "order"),
        (properties.user_id, None), (properties.app_id, "shop"),
        (headers.get("x-meddela-reason"), "not-json"), (headers.get("tenant"), "north"),
        (headers.get("n"), 7), (headers.get("CC"), None),
        (headers.get("x-meddela-original-cc"), ["other.key"]),
        (headers.get("x-meddela-original-user-id"), "guest"),
        (headers.get("x-meddela-original-expiration"), "60000"),
    ]
    for found, wanted in expected:
        if found != wanted:
            sys.exit(f"the parked copy has {found!r}, not {wanted!r}: {properties} {headers}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--url", required=True)
    parser.add_argument("--prefix", default="meddela")
    arguments = parser.parse_args()
    connection = pika.BlockingConnection(pika.URLParameters(arguments.url))
    channel = connection.channel()
    channel.confirm_delivery()
    print(check_accepted(channel, arguments.prefix))
    check_parked(channel, arguments.prefix)
    connection.close()


if __name__ == "__main__":
    main()
