"""AMQP properties as bytes, so that they may hold what no polite client library writes."""

import struct

import pika

# Flags of the properties, in the order in which the protocol has them (AMQP 0-9-1, 4.2.6.1).
SHORT_TEXTS = {
    "content_type": 15, "content_encoding": 14, "correlation_id": 10, "reply_to": 9,
    "expiration": 8, "message_id": 7, "type": 5, "user_id": 4, "app_id": 3, "cluster_id": 2,
}  # fmt: skip
HEADERS, DELIVERY_MODE, PRIORITY, TIMESTAMP = 13, 12, 11, 6


class RawProperties(pika.BasicProperties):
    """Properties whose texts are bytes and whose header table is written by `table`."""

    def __init__(self, headers=None, delivery_mode=2, priority=None, timestamp=None, **texts):
        super().__init__()
        self.parts = {}
        for name, value in texts.items():
            if value is not None:
                data = value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
                data = data[:255]
                self.parts[SHORT_TEXTS[name]] = bytes([len(data)]) + data
        if headers is not None:
            self.parts[HEADERS] = headers
        if delivery_mode is not None:
            self.parts[DELIVERY_MODE] = bytes([delivery_mode])
        if priority is not None:
            self.parts[PRIORITY] = bytes([priority])
        if timestamp is not None:
            self.parts[TIMESTAMP] = struct.pack(">Q", timestamp)

    def encode(self):
        flags = sum(1 << flag for flag in self.parts)
        ordered = [self.parts[flag] for flag in sorted(self.parts, reverse=True)]
        return [struct.pack(">H", flags)] + ordered


def table(entries):
    """A header table of (name, field) pairs; names may come twice or be empty."""
    body = b"".join(bytes([len(name[:255])]) + name[:255] + field for name, field in entries)
    return struct.pack(">I", len(body)) + body


def array(fields):
    body = b"".join(fields)
    return b"A" + struct.pack(">I", len(body)) + body


def long_text(data):
    return b"S" + struct.pack(">I", len(data)) + data


def long_integer(value):
    return b"l" + struct.pack(">q", value)


def any_field(random, depth=0):
    """A field of any type that RabbitMQ knows, also nested."""
    simple = [
        lambda: b"t" + bytes([random.randrange(2)]),
        lambda: b"b" + random.randbytes(1),
        lambda: b"B" + random.randbytes(1),
        lambda: b"s" + random.randbytes(2),
        lambda: b"u" + random.randbytes(2),
        lambda: b"I" + random.randbytes(4),
        lambda: b"i" + random.randbytes(4),
        lambda: b"l" + random.randbytes(8),
        lambda: b"f" + struct.pack(">f", random.uniform(-1e30, 1e30)),
        lambda: b"d" + struct.pack(">d", random.choice([0.0, -0.0, 1e308, 5e-324])),
        lambda: b"D" + random.randbytes(5),
        lambda: b"T" + struct.pack(">Q", random.choice([0, 1 << 40, (1 << 63) - 1])),
        lambda: b"V",
        lambda: long_text(random.randbytes(random.choice([0, 1, 50, 5_000]))),
        lambda: b"x" + long_text(random.randbytes(random.choice([0, 1, 50])))[1:],
    ]
    if depth < 4 and random.random() < 0.3:
        count = random.randrange(4)
        if random.random() < 0.5:
            return array(any_field(random, depth + 1) for _ in range(count))
        entries = [(random.randbytes(3), any_field(random, depth + 1)) for _ in range(count)]
        return b"F" + table(entries)
    return random.choice(simple)()


def nested(depth, kind):
    """Tables or arrays inside each other."""
    field = b"V"
    for _ in range(depth):
        field = array([field]) if kind == "array" else b"F" + table([(b"n", field)])
    return field
