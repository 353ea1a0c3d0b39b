#!/usr/bin/env python3
"""A producer and a delivery engine that do nothing wrong, and how they fared.

Publishes real-time events for the text message channel one by one, takes the deliveries and answers
them. At the end: how many were lost, and how long events took from publishing to the delivery.
Exit code 0: none was lost, and the 99th percentile is within the limit.
"""

import argparse
import collections
import datetime
import json
import sys
import threading
import time

import pika


def publish(arguments, sent, stop):
    connection = pika.BlockingConnection(pika.URLParameters(arguments.url))
    channel = connection.channel()
    channel.confirm_delivery()
    number = 0
    while not stop.is_set():
        id = f"calm-{number}"
        number += 1
        body = {
            "id": id, "type": "order_confirmation", "channel": "sms", "language": "sv",
            "mobilePhone": "+46701234567", "ctx": {"order": {"number": "1042"}},
        }  # fmt: skip
        sent[id] = time.monotonic()
        channel.basic_publish(
            f"{arguments.prefix}.realtime", "order_confirmation", json.dumps(body),
            pika.BasicProperties(
                content_type="application/json", delivery_mode=2, message_id=id), mandatory=True)
        connection.sleep(max(0.001, 1 / arguments.rate))
    connection.close()


def take(arguments, arrived, copies, stop):
    channel = pika.BlockingConnection(pika.URLParameters(arguments.url)).channel()
    channel.basic_qos(prefetch_count=100)
    queue = f"{arguments.prefix}.deliveries.sms"
    for method, properties, _ in channel.consume(queue, inactivity_timeout=0.5):
        if stop.is_set():
            return
        if method is None:
            continue
        id = properties.correlation_id
        if id.startswith("calm-"):
            arrived.setdefault(id, time.monotonic())
            copies[id] += 1
            log = {
                "deliveryId": properties.message_id, "eventId": id, "outcome": "sent",
                "occurredAt": datetime.datetime.now(datetime.timezone.utc).isoformat(),
            }  # fmt: skip
            channel.basic_publish(
                f"{arguments.prefix}.delivery-logs", properties.reply_to, json.dumps(log),
                pika.BasicProperties(content_type="application/json", delivery_mode=2))
        channel.basic_ack(method.delivery_tag)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--url", required=True)
    parser.add_argument("--prefix", default="meddela")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--rate", type=float, default=20, help="events a second")
    parser.add_argument("--p99-ms", type=float, default=250, help="the limit")
    arguments = parser.parse_args()
    sent, arrived, copies = {}, {}, collections.Counter()
    stop_publishing, stop = threading.Event(), threading.Event()
    publishing = threading.Thread(target=publish, args=(arguments, sent, stop_publishing))
    taking = threading.Thread(target=take, args=(arguments, arrived, copies, stop), daemon=True)
    taking.start()
    publishing.start()
    stop_publishing.wait(arguments.seconds)
    stop_publishing.set()
    publishing.join()
    limit = time.monotonic() + 60
    while len(arrived) < len(sent) and time.monotonic() < limit:
        time.sleep(0.2)
    stop.set()
    delays = sorted(arrived[id] - sent[id] for id in arrived)
    lost = len(sent) - len(arrived)
    twice = sum(1 for count in copies.values() if count > 1)

    def at(share):
        """Milliseconds within which that share of the events was delivered."""
        return 1000 * delays[min(len(delays) - 1, int(share * len(delays)))] if delays else 0

    print(
        f"calm: {len(sent)} events, {lost} lost, {twice} delivered twice; ms from publishing to "
        f"delivery: p50 {at(0.5):.1f}, p99 {at(0.99):.1f}, max {at(1):.1f}")
    if lost or not delays or at(0.99) > arguments.p99_ms:
        sys.exit(f"calm: the limit is no loss and {arguments.p99_ms:.0f} ms for the p99")


if __name__ == "__main__":
    main()
