#!/usr/bin/env python3
"""Publishes hostile messages to a service for some time, and plays a poor delivery engine.

Started by Tests/Scripts/hostile, beside calm.py. Prints how many messages it has published.
"""

import argparse
import json
import random
import threading
import time

import pika

from corpus import Corpus


def connect(url):
    parameters = pika.URLParameters(url)
    parameters.blocked_connection_timeout = 60
    return pika.BlockingConnection(parameters)


def publish(arguments, stop):
    """One message after the other at a rate. What the broker refuses ends only this connection."""
    full, replies = f"{arguments.prefix}-full", f"{arguments.prefix}-replies"
    corpus = Corpus(arguments.seed, arguments.prefix, full, replies)
    connection, refused, began = None, 0, time.monotonic()
    while not stop.is_set():
        message = corpus.next()
        try:
            if connection is None:
                connection = connect(arguments.url)
                channel = connection.channel()
                limits = {"x-max-length": 1, "x-overflow": "reject-publish"}
                channel.queue_declare(full, durable=True, arguments=limits)
                channel.queue_declare(replies, durable=True, arguments={"x-max-length": 1_000})
            channel.basic_publish(
                message.exchange, message.routing_key, message.body, message.properties)
            behind = began + corpus.number / arguments.rate - time.monotonic()
            connection.process_data_events(time_limit=max(0, behind))
        except (pika.exceptions.AMQPError, UnicodeError) as error:
            refused += 1
            if refused <= 3:
                print(f"the broker refused message {corpus.number}: {error!r}", flush=True)
            connection = None
    print(f"hostile: {corpus.number} messages published, {refused} refused by the broker")


def answer(arguments, stop):
    """Takes email deliveries; answers some, some twice or against each other, some with rubbish,
    and keeps from time to time everything for a while."""
    choose = random.Random(arguments.seed + 1)
    while not stop.is_set():
        try:
            channel = connect(arguments.url).channel()
            channel.basic_qos(prefetch_count=200)
            queue = f"{arguments.prefix}.deliveries.email"
            for method, properties, body in channel.consume(queue, inactivity_timeout=1):
                if stop.is_set():
                    return
                if method is None:
                    continue
                if choose.random() < 0.001:
                    time.sleep(10)
                outcomes = ["sent", "failed", "ignored", "?"]
                for outcome in choose.choices(outcomes, k=choose.randrange(3)):
                    log = {
                        "deliveryId": properties.message_id, "eventId": properties.correlation_id,
                        "outcome": outcome, "occurredAt": "2026-11-30T10:00:00Z",
                    }  # fmt: skip
                    channel.basic_publish(
                        f"{arguments.prefix}.delivery-logs", properties.reply_to, json.dumps(log),
                        pika.BasicProperties(content_type="application/json", delivery_mode=2))
                if choose.random() < 0.01:
                    channel.basic_nack(method.delivery_tag)
                else:
                    channel.basic_ack(method.delivery_tag)
        except pika.exceptions.AMQPError:
            stop.wait(1)


def tidy(arguments, stop):
    """Empties what only grows, so that an hour of it has room on a disk."""
    while not stop.wait(20):
        try:
            connection = connect(arguments.url)
            for name in ["parked", "unrouted", "deliveries.push-android"]:
                connection.channel().queue_purge(f"{arguments.prefix}.{name}")
            connection.close()
        except pika.exceptions.AMQPError:
            pass


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--url", required=True)
    parser.add_argument("--prefix", default="meddela")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--rate", type=float, default=200, help="messages a second")
    arguments = parser.parse_args()
    stop = threading.Event()
    threads = [
        threading.Thread(target=task, args=(arguments, stop)) for task in (publish, answer, tidy)
    ]
    for thread in threads:
        thread.start()
    stop.wait(arguments.seconds)
    stop.set()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
