#!/usr/bin/env python3
"""Sends one message as a client of AMQP 1.0, whose message-id is a number.

Only what that takes of the protocol (OASIS AMQP 1.0, parts 1 to 3), so that no library is needed.
RabbitMQ 3.10.8 with the plugin rabbitmq_amqp1_0 takes the message and cannot write its id as
AMQP 0-9-1 when it delivers it. Exit code 0: the broker has accepted it.

    amqp10_send.py --port 5672 --exchange meddela.batch --routing-key order_confirmation \
        --id 77 --body '{"id": ...}'
"""

import argparse
import re
import socket
import struct
import sys

OPEN, BEGIN, ATTACH, FLOW, TRANSFER, DISPOSITION, CLOSE = 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x18
SASL_INIT, SASL_OUTCOME = 0x41, 0x44
SOURCE, TARGET, ACCEPTED = 0x28, 0x29, 0x24
PROPERTIES, DATA = 0x73, 0x75
NULL, TRUE, FALSE = b"\x40", b"\x41", b"\x42"


def uint(value):
    return b"\x70" + struct.pack(">I", value)


def ulong(value):
    return b"\x80" + struct.pack(">Q", value)


def text(value):
    data = value.encode()
    return b"\xb1" + struct.pack(">I", len(data)) + data


def symbol(value):
    data = value.encode()
    return b"\xb3" + struct.pack(">I", len(data)) + data


def binary(data):
    return b"\xb0" + struct.pack(">I", len(data)) + data


def described(code, *fields):
    """A list of fields under a numeric descriptor."""
    body = b"".join(fields)
    return (
        b"\x00\x53" + bytes([code])
        + b"\xd0" + struct.pack(">II", len(body) + 4, len(fields)) + body
    )


class Wire:
    def __init__(self, host, port, seconds):
        self.socket = socket.create_connection((host, port), timeout=seconds)

    def header(self, protocol):
        self.socket.sendall(b"AMQP" + bytes([protocol, 1, 0, 0]))
        answer = self.exactly(8)
        if answer[:4] != b"AMQP" or answer[4] != protocol:
            sys.exit(f"the broker does not speak AMQP 1.0: {answer!r}")

    def send(self, body, kind=0):
        self.socket.sendall(struct.pack(">IBBH", len(body) + 8, 2, kind, 0) + body)

    def exactly(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                sys.exit("the broker closed the connection")
            data += part
        return data

    def expect(self, code):
        """The next frame of that kind; one that ends the link ends the program."""
        while True:
            size, offset, _, _ = struct.unpack(">IBBH", self.exactly(8))
            body = self.exactly(size - 8)[offset * 4 - 8 :]
            if not body:
                continue  # a heartbeat
            if body[2] == code:
                return body
            if body[2] in (0x16, 0x17, CLOSE):
                sys.exit(f"the broker refused: {body!r}")


def send(wire, exchange, routing_key, message_id, body):
    wire.header(3)
    login = binary(b"\x00guest\x00guest")
    wire.send(described(SASL_INIT, symbol("PLAIN"), login, text("localhost")), kind=1)
    outcome = wire.expect(SASL_OUTCOME)
    if b"\x50\x00" not in outcome:
        sys.exit(f"the login was refused: {outcome!r}")
    wire.header(0)
    wire.send(described(OPEN, text("meddela-test"), text("localhost")))
    # Version 4 has other addresses. The broker says its version among the properties.
    version = re.search(rb"version\xa1.(\d+)\.", wire.expect(OPEN), re.DOTALL)
    word = "exchanges" if version and int(version[1]) >= 4 else "exchange"
    address = f"/{word}/{exchange}/{routing_key}"
    wire.send(described(BEGIN, NULL, uint(0), uint(100), uint(100)))
    wire.expect(BEGIN)
    source = described(SOURCE, NULL)
    target = described(TARGET, text(address))
    wire.send(
        described(
            ATTACH, text("link"), uint(0), FALSE, NULL, NULL, source, target, NULL, NULL, uint(0)
        )
    )
    wire.expect(ATTACH)
    wire.expect(FLOW)
    head = described(TRANSFER, uint(0), uint(0), binary(b"1"), uint(0), FALSE)
    # A header section makes it durable.
    sections = described(0x70, TRUE) + described(PROPERTIES, ulong(message_id))
    wire.send(head + sections + b"\x00\x53" + bytes([DATA]) + binary(body.encode()))
    answer = wire.expect(DISPOSITION)
    if bytes([0x53, ACCEPTED]) not in answer and struct.pack(">Q", ACCEPTED) not in answer:
        sys.exit(f"the message was not accepted: {answer!r}")
    wire.send(described(CLOSE))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5672)
    parser.add_argument("--exchange", required=True)
    parser.add_argument("--routing-key", required=True)
    parser.add_argument("--id", type=int, required=True)
    parser.add_argument("--body", required=True)
    parser.add_argument("--timeout", type=float, default=30, metavar="SECONDS")
    arguments = parser.parse_args()
    wire = Wire(arguments.host, arguments.port, arguments.timeout)
    send(wire, arguments.exchange, arguments.routing_key, arguments.id, arguments.body)


if __name__ == "__main__":
    main()
