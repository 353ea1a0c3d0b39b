"""Hostile messages from a seed: the same seed gives the same messages in the same order."""

import collections
import json
import random

import bodies
import wire

Message = collections.namedtuple("Message", "exchange routing_key properties body")

# A direct reply-to of another broker, and others that only look like one.
FOREIGN_TOKENS = [
    "amq.rabbitmq.reply-to.g1h2AA==.x", "amq.rabbitmq.reply-to.", "amq.rabbitmq.reply-to.x.y.z",
    "amq.rabbitmq.reply-to.g2dkAA5yYWJiaXRAZXhhbXBsZQAAAx8AAAAAAw==.1bOw8tKgI1QOQYwBGHNdpQ==",
]  # fmt: skip


class Corpus:
    def __init__(self, seed, prefix, full_queue, reply_queue):
        self.random = random.Random(seed)
        self.prefix, self.full_queue, self.reply_queue = prefix, full_queue, reply_queue
        self.number = 0
        self.past = collections.deque(maxlen=1_000)

    def next(self):
        """The next message; now and then one from before, as it was or with another body."""
        self.number += 1
        if self.past and self.random.random() < 0.1:
            return self.repeated(self.random.choice(self.past))
        message = self.delivery_log() if self.random.random() < 0.15 else self.event()
        self.past.append(message)
        return message

    def repeated(self, message):
        if self.random.random() < 0.5:
            return message
        return message._replace(body=bodies.small(self.random, f"h-{self.number}")[1])

    def event(self):
        id = f"h-{self.number}"
        make = bodies.large if self.random.random() < 0.01 else bodies.small
        content_type, body = make(self.random, id)
        lane = self.random.choice(["realtime", "batch"])
        key = self.random.choice(["order_confirmation", "", "x" * 255, "a.b.c", "#", "ÅÄÖ"])
        return Message(f"{self.prefix}.{lane}", key, self.properties(id, content_type), body)

    def delivery_log(self):
        """Answers to deliveries that never were, in all sorts of shapes."""
        id = f"h-{self.random.randrange(1, self.number + 1)}"
        log = {
            "deliveryId": f"{id}.00.{self.random.choice([0, 1, 2, 65535, 99999])}",
            "eventId": self.random.choice([id, "other"]),
            "outcome": self.random.choice(["sent", "failed", "ignored", "read", None]),
            "reason": self.random.choice([None, {}, {"code": "x" * 200}, {"text": "y" * 9_000}]),
            "occurredAt": self.random.choice(
                ["2026-11-01T00:00:00Z", "2999-01-01T00:00:00Z", "yesterday", 0]),
        }
        log = log if self.random.random() < 0.7 else bodies.broken_value(self.random, log)
        body = json.dumps([log] * 3 if self.random.random() < 0.2 else log).encode()
        if self.random.random() < 0.1:
            body = body[: self.random.randrange(len(body))]
        key = self.random.choice([f"{self.prefix}.delivery-logs.00", "", "nobody"])
        return Message(
            f"{self.prefix}.delivery-logs", key, self.properties(id, bodies.JSON), body)

    def properties(self, id, content_type):
        pick = self.random.choice
        if self.random.random() < 0.4:
            # As most producers do it.
            return wire.RawProperties(content_type=content_type, message_id=id)
        longest = self.random.choice([1, 127, 128, 129, 247, 248, 250, 254, 255])
        return wire.RawProperties(
            content_type=content_type,
            content_encoding=pick([None, None, "utf-8", "gzip", "deflate", "gzip:UTF-8", "x" * 99]),
            correlation_id=pick([None, "c", "c" * 255, self.random.randbytes(40)]),
            reply_to=self.reply_to(),
            message_id=pick(
                [None, id, (id + "x" * 255)[:longest], self.random.randbytes(longest), "a", ""]),
            type=pick([None, None, "meddela.cancel", "t" * 255, self.random.randbytes(9)]),
            app_id=pick([None, "a" * 255]),
            cluster_id=pick([None, "a" * 255]),
            priority=pick([None, 0, 9, 255]),
            timestamp=pick([None, 0, 1 << 40, (1 << 64) - 1]),
            # Another mode ends the producer's own channel.
            delivery_mode=pick([None, 1, 2, 2]),
            headers=self.headers(),
        )

    def reply_to(self):
        return self.random.choice(
            [None, None, self.full_queue, self.reply_queue, "nobody-there", "q" * 255,
             f"{self.prefix}.parked", f"{self.prefix}.realtime.00", "", self.random.randbytes(20)]
            + FOREIGN_TOKENS)

    def headers(self):
        if self.random.random() < 0.3:
            return None
        entries = [
            (self.random.randbytes(self.random.choice([0, 1, 8, 255])), wire.any_field(self.random))
            for _ in range(self.random.choice([0, 1, 5, 60]))
        ]
        known = [b"x-delivery-count", b"x-death", b"x-first-death-queue", b"traceparent",
                 b"tracestate", b"x-meddela-reason", b"x-meddela-count", b"cloudEvents:id",
                 b"cloudEvents_type", b"ce-id", b"ce_specversion", b"content-type"]
        for name in self.random.sample(known, self.random.randrange(4)):
            value = self.random.choice(
                [wire.long_integer(9), wire.long_integer(-1), wire.long_text(b"x" * 2_000),
                 wire.long_text(b""), wire.any_field(self.random)])
            entries.append((name, value))
        if self.random.random() < 0.05:
            entries.append((b"nested", wire.nested(self.random.choice([15, 16, 17, 100]),
                                                   self.random.choice(["array", "table"]))))
        if self.random.random() < 0.02:
            room = self.random.choice([30_000, 60_000, 64_000, 90_000, 120_000])
            entries.append((b"large", wire.long_text(b"x" * room)))
        return wire.table(entries)
