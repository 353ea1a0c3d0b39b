#!/usr/bin/env python3
"""Checks the message contract, and messages against it.

    check_schemas.py                              schemas, examples and asyncapi.yaml
    check_schemas.py --kind status-update FILE    messages, one JSON document a line
    ... | check_schemas.py --kind delivery        the same from standard input

Prints one line a failure (file, line, JSON path, what is wrong) and exits with 1 if there is one.
Needs: pip install "jsonschema[format]" PyYAML. With `pip install asyncapi3` the AsyncAPI document
is also read by that library's model of the specification.
"""

import argparse
import json
import pathlib
import re
import sys
import warnings
import xml.etree.ElementTree

import jsonschema
from referencing import Registry, Resource

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "schemas"
KINDS = [
    "event", "events", "cloudevent", "cancel", "delivery", "delivery-log", "status-update", "receipt",
    "owner",
]


# Schemas


def load_schemas():
    """Every schema by its $id: the registry answers references without a network."""
    schemas = {}
    for path in sorted(SCHEMAS.glob("*.schema.json")):
        schema = json.loads(path.read_text(encoding="utf-8"))
        schemas[schema["$id"]] = schema
    return schemas


def whole_string_pattern(validator, pattern, instance, schema):
    """`$` as JSON Schema (ECMA 262) has it: Python's would also match before a last newline."""
    if isinstance(instance, str):
        exact = pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern
        if not re.search(exact, instance):
            yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


Validator = jsonschema.validators.extend(
    jsonschema.Draft202012Validator, {"pattern": whole_string_pattern}
)


class Contract:
    """The validators of all message kinds. `errors(kind, message)` is all that a test needs."""

    def __init__(self):
        self.schemas = load_schemas()
        self.registry = Registry().with_resources(
            (name, Resource.from_contents(schema)) for name, schema in self.schemas.items()
        )
        formats = jsonschema.FormatChecker()
        if "date-time" not in formats.checkers:
            sys.exit('date-time is not checked: pip install "jsonschema[format]"')
        self.validators = {
            kind: Validator(
                self.schemas[f"https://meddela.dev/schemas/1/{kind}.schema.json"],
                registry=self.registry,
                format_checker=formats,
            )
            for kind in KINDS
        }

    def errors(self, kind, message):
        """(JSON path, sentence) of everything that is wrong with a message; empty if nothing is."""
        found = [(place(e), sentence(e)) for e in self.validators[kind].iter_errors(message)]
        return found or ids_that_disagree(kind, message)


def place(error):
    """JSON path of the value at fault; of a missing field the path where it should stand."""
    path = error.json_path
    if error.validator == "required":
        path += "." + error.message.split("'")[1]
    return path


def sentence(error):
    text = error.message
    return text if len(text) <= 200 else text[:120] + " ... " + text[-60:]


def ids_that_disagree(kind, message):
    """What a schema cannot say: a deliveryId is <eventId>.<shard>.<attempt> of its own message."""
    found = []
    several = isinstance(message, list)
    if kind in ("event", "events", "cloudevent"):
        return found
    for index, item in enumerate(message if several else [message]):
        if not item.get("deliveryId"):
            continue
        event, shard, attempt = item["deliveryId"].rsplit(".", 2)
        parts = {"eventId": event, "shard": shard, "attempt": int(attempt)}
        for field, value in parts.items():
            if item.get(field, value) != value:
                where = f"$[{index}]" if several else "$"
                what = f"{item['deliveryId']!r} is not of this {field}"
                found.append((f"{where}.deliveryId", what))
    return found


# Examples


def check_examples(contract, report):
    for kind in KINDS:
        folder = SCHEMAS / "examples" / kind
        valid = sorted((folder / "valid").glob("*.json"))
        invalid = sorted((folder / "invalid").glob("*.json"))
        if not valid or not invalid:
            report(folder, "", "no valid or no invalid examples")
        for path in valid:
            for where, what in contract.errors(kind, read(path)):
                report(path, where, what)
        for path in invalid:
            check_invalid(path, contract.errors(kind, read(path)), report)


def check_translations(contract, report):
    """Each valid example of another notation has the event, or the events, that it becomes."""
    for kind, suffix in [("cloudevent", ".json"), ("adobe", ".xml")]:
        folder = SCHEMAS / "examples" / kind
        valid = sorted((folder / "valid").glob("*" + suffix))
        translated = sorted((folder / "translated").glob("*.json"))
        if not valid or [p.stem for p in valid] != [p.stem for p in translated]:
            report(folder, "", "valid examples and their translations are not the same")
        for path in translated:
            message = read(path)
            of = "events" if isinstance(message, list) else "event"
            for where, what in contract.errors(of, message):
                report(path, where, what)
    for path in sorted((SCHEMAS / "examples" / "adobe" / "valid").glob("*.xml")):
        try:
            xml.etree.ElementTree.parse(path)
        except xml.etree.ElementTree.ParseError as error:
            report(path, "/", f"is not XML: {error}")


def check_invalid(path, errors, report):
    """An invalid example fails at one place, and its file name starts with that place."""
    places = sorted({where for where, _ in errors})
    if not places:
        report(path, "$", "is valid and should not be")
    elif len(places) > 1:
        report(path, ", ".join(places), "fails at more than one place")
    elif not f"{path.stem}-".startswith(f"{name_of(places[0])}-"):
        report(path, places[0], f"fails, but by its name not there: {errors[0][1]}")


def name_of(where):
    """$.content.attachments[0] -> attachments-item, $[1] -> item-1, $.deliveryId -> delivery-id"""
    last = where.split(".")[-1]
    item = re.fullmatch(r"(.*?)\[(\d+)\]", last)
    if item:
        last = f"item-{item[2]}" if item[1] == "$" else f"{item[1]}-item"
    elif "['" in last:
        last = last.split("['")[1].rstrip("']")
    return "root" if last == "$" else re.sub(r"(?<=[a-z])([A-Z])", r"-\1", last).lower()


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


# AsyncAPI


def check_asyncapi(contract, report):
    import yaml

    path = SCHEMAS / "asyncapi.yaml"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    files = {path: document}
    count = 0
    for where, target in references(document):
        count += 1
        if not resolves(path, target, files):
            report(path, where, f"$ref {target} does not resolve")
    check_structure(path, document, report)
    check_with_library(path, document, report)
    return count


def references(node, where="$"):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str):
                yield where, value
            else:
                yield from references(value, f"{where}.{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from references(value, f"{where}[{index}]")


def resolves(base, target, files):
    """Whether a reference leads to something: a JSON pointer in this file or in one beside it."""
    name, _, pointer = target.partition("#")
    path = (base.parent / name).resolve() if name else base
    if path not in files:
        if not path.is_file():
            return False
        files[path] = read(path)
    return lookup(files[path], pointer) is not None


def lookup(node, pointer):
    for part in pointer.split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(node, dict) or part not in node:
            return None
        node = node[part]
    return node


def check_structure(path, document, report):
    """The rules of AsyncAPI 3.0 that a document like ours could break."""

    def require(condition, where, what):
        if not condition:
            report(path, where, what)

    require(document.get("asyncapi") == "3.0.0", "$.asyncapi", "is not 3.0.0")
    info = document.get("info", {})
    require({"title", "version"} <= set(info), "$.info", "lacks title or version")
    for name, server in document["servers"].items():
        require({"host", "protocol"} <= set(server), f"$.servers.{name}", "lacks host or protocol")
    for name, channel in document["channels"].items():
        where = f"$.channels.{name}"
        address = channel.get("address")
        named = set(re.findall(r"\{([^}]+)\}", address or ""))
        require(
            named == set(channel.get("parameters", {})), where, "address and parameters differ"
        )
        check_channel_binding(channel, where, require)
        require(channel.get("messages"), where, "names no messages")
    for name, operation in document["operations"].items():
        check_operation(document, operation, f"$.operations.{name}", require)
    for name, message in document["components"]["messages"].items():
        where = f"$.components.messages.{name}"
        require("payload" in message, where, "has no payload")
        require("contentType" in message, where, "has no contentType")


def check_channel_binding(channel, where, require):
    binding = channel.get("bindings", {}).get("amqp")
    if binding is None:
        require(channel.get("address") is None, where, "has an address and no amqp binding")
        return
    require(binding.get("bindingVersion") == "0.3.0", where, "amqp binding is not 0.3.0")
    kind = {"routingKey": "exchange", "queue": "queue"}.get(binding.get("is"))
    require(kind in binding, where, "amqp binding lacks the object that `is` names")
    require(binding.keys() <= {"is", kind, "bindingVersion"}, where, "amqp binding has other keys")
    if kind == "exchange":
        exchange = binding["exchange"]
        types = {"topic", "direct", "fanout", "default", "headers"}
        require(exchange.get("type") in types, where, "exchange type is unknown")


def check_operation(document, operation, where, require):
    require(operation.get("action") in {"send", "receive"}, where, "action is not send or receive")
    target = operation["channel"]["$ref"]
    require(target.startswith("#/channels/"), where, "channel is not a reference to a channel")
    for part in [operation, operation.get("reply", {})]:
        if "messages" not in part:
            continue
        inside = part["channel"]["$ref"] + "/messages/"
        for message in part["messages"]:
            require(message["$ref"].startswith(inside), where, "message is not of its channel")
    if "address" in operation.get("reply", {}):
        channel = lookup(document, operation["reply"]["channel"]["$ref"][1:])
        require(channel.get("address") is None, where, "reply has two addresses")


def check_with_library(path, document, report):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from asyncapi3 import models
    except ImportError:
        print("asyncapi3 is not installed: structure checked by our own rules only")
        return
    from pydantic import ValidationError

    try:
        models.AsyncAPI3.model_validate(document)
    except ValidationError as error:
        for each in error.errors():
            report(path, ".".join(str(part) for part in each["loc"]), each["msg"])


# Command line


def check_contract(contract, report):
    for name, schema in contract.schemas.items():
        path = SCHEMAS / name.rsplit("/", 1)[1]
        if not path.is_file():
            report(path, "$.$id", f"{name} is not the name of the file")
        try:
            Validator.check_schema(schema)
        except jsonschema.SchemaError as error:
            report(path, error.json_path, error.message)
        resolver = contract.registry.resolver(base_uri=name)
        for where, target in references(schema):
            try:
                resolver.lookup(target)
            except Exception as error:  # referencing has a family of them; all mean the same here
                report(path, where, f"$ref {target} does not resolve: {error}")
    check_examples(contract, report)
    check_translations(contract, report)
    count = check_asyncapi(contract, report)
    examples = len(list((SCHEMAS / "examples").rglob("*.json")))
    print(f"{len(contract.schemas)} schemas, {examples} examples, {count} asyncapi.yaml references")


def check_messages(contract, kind, source, name, report):
    count = 0
    for number, line in enumerate(source, 1):
        if not line.strip():
            continue
        count += 1
        try:
            message = json.loads(line)
        except ValueError as error:
            report(f"{name}:{number}", "$", f"is not JSON: {error}")
            continue
        for where, what in contract.errors(kind, message):
            report(f"{name}:{number}", where, what)
    print(f"{count} messages of kind {kind} in {name}")
    return count


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kind", choices=KINDS, help="check messages of this kind")
    parser.add_argument("files", nargs="*", metavar="FILE", help="NDJSON; none or - for stdin")
    arguments = parser.parse_args()
    failures = 0

    def report(path, where, what):
        nonlocal failures
        failures += 1
        if isinstance(path, pathlib.Path):
            path = path.relative_to(ROOT)
        print(f"{path}: {where}: {what}", file=sys.stderr)

    contract = Contract()
    if arguments.kind is None:
        if arguments.files:
            parser.error("files need --kind")
        check_contract(contract, report)
    else:
        count = 0
        for name in arguments.files or ["-"]:
            if name == "-":
                count += check_messages(contract, arguments.kind, sys.stdin, "stdin", report)
            else:
                with open(name, encoding="utf-8") as source:
                    count += check_messages(contract, arguments.kind, source, name, report)
        if count == 0:
            report("input", "$", "no message: nothing was checked")
    if failures:
        print(f"{failures} failures", file=sys.stderr)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
