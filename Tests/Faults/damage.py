#!/usr/bin/env python3
"""Damages the files of an event log, for Tests/Scripts/fault-test.

flip FILE OFFSET           one bit
zero FILE OFFSET BYTES     zeros
copy FILE FROM TO BYTES    a block twice
frames SEGMENT             offset, bytes and kind of each frame, one a line
tail SEGMENT               offset of the byte behind the last frame
"""
import struct
import sys

FRAME = b"EFRM"


def frames(data):
    offset = 4096
    while data[offset:offset + 4] == FRAME:
        payload = struct.unpack_from("<I", data, offset + 8)[0]
        yield offset, 64 + payload, data[offset + 5]
        offset = end(data, offset)


def end(data, offset):
    """Where the frame at offset ends, with its padding."""
    payload, padding = (struct.unpack_from("<I", data, offset + field)[0] for field in (8, 56))
    return offset + (64 + payload + 63) // 64 * 64 + padding


def main(command, path, *numbers):
    numbers = [int(number) for number in numbers]
    with open(path, "r+b") as file:
        data = bytearray(file.read())
        if command == "frames":
            for offset, size, kind in frames(data):
                print(offset, size, kind)
        elif command == "tail":
            behind = 4096
            for offset, _, _ in frames(data):
                behind = end(data, offset)
            print(behind)
        else:
            if command == "flip":
                data[numbers[0]] ^= 0x10
            elif command == "zero":
                data[numbers[0]:numbers[0] + numbers[1]] = bytes(numbers[1])
            elif command == "copy":
                start, target, size = numbers
                data[target:target + size] = data[start:start + size]
            file.seek(0)
            file.write(data)


main(*sys.argv[1:])
