"""Bodies that are wrong in every way that producers have found, and some that are right."""

import gzip
import json

MEBIBYTE = 1 << 20
JSON, NDJSON, XML = "application/json", "application/x-ndjson", "application/xml"
CLOUD, CLOUD_BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
TYPES = ["order_confirmation", "password_reset", "invoice_reminder", "unheard_of", "a.b-c_d"]


def event(random, id):
    """An event that is right, on channels that the calm producer does not use."""
    value = {
        "id": id,
        "type": random.choice(TYPES),
        "channel": random.choice(["email", "email", "push-ios", "push-android", "fax"]),
        "email": "elsa@example.se",
        "registrationToken": "token-1",
        "address": "somewhere",
        "language": random.choice(["sv", "en", "sv-SE", "xx"]),
        "ctx": {
            "client": {"firstname": "Elsa", "lastname": "Berg"},
            "order": {
                "number": "1042", "date": "2026-12-24", "total": 49, "currency": "SEK",
                "lines": [{"name": "Kaffe", "price": "49", "quantity": 1}],
            },
            "invoice": {"number": "7"},
        },
    }  # fmt: skip
    if random.random() < 0.1:
        value["scheduled"] = random.choice(
            ["2026-01-01T00:00:00Z", "2099-01-01T00:00:00+14:00", "soon", "", 5, None])
    if random.random() < 0.1:
        value["expiration"] = random.choice(
            ["2020-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "never", {}])
    return value


def broken_value(random, value):
    """The event with one field that it should not have like this."""
    field = random.choice(["id", "type", "channel", "email", "language", "ctx", "origin"])
    value[field] = random.choice(
        ["", "x" * 129, "x" * 300, "\u0000", "\r\nBcc: a@example.se", "\u200b", "ÅÄÖ" * 50, None,
         True, 0, -1, 1e300, [], {}, [[]], "😀" * 40, "a b", "..", "#", "*"])
    return value


def small(random, id):
    """(content type, body) of a small message, right or wrong."""
    value = event(random, id)
    text = json.dumps(value, ensure_ascii=random.random() < 0.5)
    data = text.encode()
    kinds = [
        lambda: (JSON, data),
        lambda: (JSON, data),
        lambda: (JSON, json.dumps(broken_value(random, value)).encode("utf-8", "surrogatepass")),
        lambda: (JSON, data[: random.randrange(len(data))]),
        lambda: (JSON, data + random.choice([b"x", b"}", b"\x00", b" {}", data])),
        lambda: (JSON, flipped(random, data)),
        lambda: (JSON, random.randbytes(random.randrange(200))),
        lambda: (JSON, text.encode(random.choice(["utf-16", "utf-32", "utf-16-be", "utf-8-sig"]))),
        lambda: (JSON, text.replace("Kaffe", random.choice(["\\ud800", "\\u0000"])).encode()),
        lambda: (JSON, data.replace(b"49", random.choice([b"1e400", b"-0", b"9" * 400, b"01"]))),
        lambda: (JSON, text.replace('"id"', '"id": "other", "id"').encode()),
        lambda: (JSON, random.choice([b"", b" ", b"null", b"[]", b"{}", b"0", b'""', b"[[]]"])),
        lambda: (JSON, b'{"events":' + random.choice([b"[", b"{}", b"[" + data + b",]", b"null"])),
        lambda: (NDJSON, b"\n".join(flipped(random, data) for _ in range(random.randrange(1, 9)))),
        lambda: (CLOUD, json.dumps(cloud(value, id)).encode()),
        lambda: (CLOUD_BATCH, json.dumps([cloud(value, id)] * random.randrange(3)).encode()),
        lambda: (XML, xml(random, id)),
        lambda: (XML, xml(random, id)[: random.randrange(1, 120)]),
        lambda: (random.choice(["text/plain", "x/" + "y" * 240, "", "; charset=", None]), data),
    ]
    return random.choice(kinds)()


def flipped(random, data):
    """One byte is another."""
    place = random.randrange(len(data))
    return data[:place] + bytes([data[place] ^ (1 << random.randrange(8))]) + data[place + 1 :]


def cloud(value, id):
    return {"specversion": "1.0", "id": id, "source": "/shop", "type": value["type"], "data": value}


def xml(random, id):
    entities = random.choice(
        ["", '<!DOCTYPE e [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
         '<!DOCTYPE e SYSTEM "file:///etc/passwd">'])
    element = random.choice(["rtEvent", "batchEvent", "event"])
    inner = random.choice(["", "&b;", "<a>" * 50, "]]>", "<![CDATA[", "\x00"])
    return (
        f'<?xml version="1.0" encoding="{random.choice(["UTF-8", "UTF-16", "KOI8-R"])}"?>{entities}'
        f'<{element} type="order_confirmation" wishedChannel="0" email="a@example.se" '
        f'externalId="{id}"><ctx><client>{inner}</client></ctx></{element}>'
    ).encode()


def large(random, id):
    """(content type, body) of a message that is large or long."""
    one = json.dumps(event(random, id)).encode()
    count = random.choice([500, 2_000, 5_000])
    room = random.choice([MEBIBYTE - 600, MEBIBYTE, 2 * MEBIBYTE, 3 * MEBIBYTE, 15 * MEBIBYTE])
    depth = random.choice([63, 64, 65, 66, 1_000, 100_000])
    kinds = [
        lambda: (JSON, b"[" + b",".join([b"{}"] * count) + b"]"),
        lambda: (JSON, b"[" + b",".join(b'{"id":"x-%d"}' % n for n in range(count)) + b"]"),
        lambda: (JSON, b"[" + b",".join(numbered(one, id, n) for n in range(count // 10)) + b"]"),
        lambda: (NDJSON, b"\n".join([b"no json"] * count)),
        lambda: (XML, b"<batchEvents>" + b"<batchEvent/>" * count + b"</batchEvents>"),
        lambda: (JSON, one[:-1] + b',"padding":"' + b"x" * room + b'"}'),
        lambda: (JSON, b"x" * room),
        lambda: (JSON, b"[" * depth + b"]" * random.choice([depth, 0])),
        lambda: (JSON, one[:-1] + b',"deep":' + b'{"a":' * depth + b"0" + b"}" * depth + b"}"),
        lambda: (JSON, gzip.compress(b"0" * (64 * MEBIBYTE), mtime=0)),
        lambda: (JSON, one[:-1] + b"".join(b',"k%d":0' % n for n in range(count)) + b"}"),
    ]
    return random.choice(kinds)()


def numbered(data, id, number):
    return data.replace(id.encode(), f"{id}-{number}".encode())
