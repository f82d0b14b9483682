#!/usr/bin/env python3
"""Writes what the fuzzer starts from: seeds.py SAMPLES DIRECTORY

SAMPLES holds the records of a real connector (Tests/DomainTests/DebeziumSamples). A directory of seeds for each target is made in
DIRECTORY. The formats are those of the targets in Tests/FuzzTests/Targets: parts, with a separator between two of them.
"""

import json
import pathlib
import sys

SEPARATOR = b"\x1e"


def change_events(samples):
    for path in sorted(samples.glob("*.json")):
        if path.name.startswith("_"):
            continue
        record = json.loads(path.read_text())
        headers = {name: text for name, text in record.get("headers") or []}
        parts = [
            record.get("key_raw"),
            record.get("value_raw"),
            headers.get("__debezium.newkey"),
            headers.get("__debezium.oldkey"),
        ]
        yield SEPARATOR.join((part or "").encode() for part in parts)


def documents():
    yield from (
        b'{"user_id":42,"a":[1,-2.50e+3,true,null,{"b":"\\u00e9\\ud83d\\ude00"}],"c":"x"}',
        b'"\\"\\\\\\/\\b\\f\\n\\r\\t"',
        b"[" * 128 + b"]" * 128,
        b'{"a":1,"a":2}',
        b"-0.0E-0",
    )


def pairs():
    yield b'{"a":1,"b":{"c":"x","d":[1,2]}}' + SEPARATOR + b'{ "b" : {"d":[1, 2],"c":"\\u0078"}, "a":1}'
    yield b'{"a":1}' + SEPARATOR + b'{"a":1.0,"b":null}'
    yield b"[1]" + SEPARATOR + b"{}"


def rows():
    # The kinds in the order of ColumnKind, then cells of each.
    cells = [
        b"-42", b"042", b"1.50", b"1.5e3", b"-0.0", b"1", "é".encode(), b"\xff\x00", b"2026-11-22", b"-838:59:59",
        b"2026-11-22 15:13:59.044", b"2026-11-22 15:13:59", b'{"b":1,"a":[null]}', b"\x01\x02",
    ]
    for kind, cell in enumerate(cells):
        for other in (cell, b"0", b"\xfe"):
            yield SEPARATOR.join([bytes([kind]), cell, other])
    yield SEPARATOR.join([bytes([12]), b"[" * 128 + b"]" * 128, b"[]"])
    yield SEPARATOR.join([bytes([0, 6, 12]), b"1", b"a", b"{}", b"1", b"b", b"{ }"])


def answers():
    for layout, body in ((b"\0", b'{"id":"x"}'), (b"\1", b'{"1":{"a":1},"42":null}'), (b"\2", b'[{"id":1},{"id":"42","x":[]}]')):
        for status in (100, 104, 304, 329, 400, 403):
            yield SEPARATOR.join(
                [
                    status.to_bytes(2, "big"), layout, body, b"Sun, 06 Nov 1994 08:49:37 GMT", b"Sunday, 06-Nov-94 08:49:37 GMT",
                    b"http://m/x?ids={user_ids}&y", b"&ids=",
                ]
            )
    yield SEPARATOR.join([b"\x01\x91", b"\0", b"", b"120", b"Sun Nov  6 08:49:37 1994", b"https://m/{user_id}", b","])


SETTINGS = """\
source:
  mysql: {host: db.internal, port: 3306, user: rollcall, password_file: /run/secrets/mysql, database: shop}
  query: |
    SELECT u.user_id, u.email FROM users u WHERE :users
  key: u.user_id
  columns: {dark_mode: boolean}
user_id: {type: unsigned}
changes:
  - {topic: shop.shop.users, user_id: user_id}
kafka:
  bootstrap: "kafka:9092"
  properties: {fetch.wait.max.ms: "50"}
  topics: {signals: signals, aggregate: aggregate, god: god}
mapping:
  url: https://mapping.internal/{user_id}
"""


def settings():
    yield SETTINGS.encode()
    yield SETTINGS.replace("kafka:\n", "kafka:\n  bootstrap: twice\n").encode()
    yield b"a: &a [*a]\n"
    yield b"source: {mysql: {password: secret}}\nkafak: 1\n"
    yield b"? [a, b]\n: c\n--- \nd\n"


def findings():
    yield SEPARATOR.join([b"\0", b"42", b"", b"not_in_ledger", b"email", b"a,b", b"binlog.000001", b"\1", b"\2", b"\3", b"\4"])
    yield SEPARATOR.join([b"\x07\xff", b"=cmd|' /C calc'!A0", b"\1", b"\xe2\x80\xae", b"-1", b'"', b"\n"])
    yield SEPARATOR.join([b"\x07\xf0", b"-\xcc\x81x", b"\xff" * 8, b"\x1b[2J", b"`<b>`", b"|"])


def reports():
    for finding in findings():
        yield SEPARATOR.join([b"\x08", b"digest", b"\7", b"binlog.000001", b"\1", b"server", b"unit", b"gap", b"f.1", b"\2", b"detail", b"topic", b"<note>", finding])


def main():
    samples, directory = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    seeds = {
        "change-event": change_events(samples),
        "json": documents(),
        "comparison": pairs(),
        "encoding": rows(),
        "mapping": answers(),
        "settings": settings(),
        "finding": findings(),
        "report": reports(),
    }
    for target, inputs in seeds.items():
        folder = directory / target
        folder.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(inputs):
            (folder / f"seed-{number:03}").write_bytes(seed)


main()
