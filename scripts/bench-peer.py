"""The same job as `rollcall stream`, as one would write it in Python, in batches: the peer of `scripts/bench stream`.

Change events -> the users of the batch -> one query -> aggregates -> one HTTP request per 100 users -> God objects -> flush ->
SQLite -> commit. It has one hop where Rollcall has three, orders nothing across tables or workers, and parks nothing.

Usage: bench-peer.py SETTINGS.json; prints {"seconds":…,"cpu_seconds":…,"users":…}.
"""

import hashlib
import http.client
import json
import resource
import sqlite3
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import confluent_kafka
import pymysql
import pymysql.cursors

settings = json.load(open(sys.argv[1]))
consumer = confluent_kafka.Consumer({
    "bootstrap.servers": settings["bootstrap"], "group.id": settings["group"], "auto.offset.reset": "earliest",
    "enable.auto.commit": False, "session.timeout.ms": 4000, "heartbeat.interval.ms": 200, "fetch.wait.max.ms": 50})
producer = confluent_kafka.Producer({
    "bootstrap.servers": settings["bootstrap"], "enable.idempotence": True, "partitioner": "murmur2_random",
    "compression.type": "zstd", "linger.ms": 5, **settings["producer"]})
database = pymysql.connect(**settings["mysql"], cursorclass=pymysql.cursors.DictCursor, charset="utf8mb4", autocommit=True)
ledger = sqlite3.connect(settings["ledger"], isolation_level=None)
ledger.execute("PRAGMA journal_mode=WAL")
ledger.execute("PRAGMA synchronous=FULL")
ledger.execute("CREATE TABLE productions (user TEXT, partition INT, offset INT, digest BLOB, aggregate BLOB)")
address = urlsplit(settings["mapping"])
connections = [http.client.HTTPConnection(address.netloc) for _ in range(5)]
pool = ThreadPoolExecutor(len(connections))


def ask(job):
    connection, users = job
    connection.request("GET", address.path + "?ids=" + ",".join(users))
    return json.loads(connection.getresponse().read())


def users_of(messages):
    users = {}
    for message in messages:
        event = json.loads(message.value())
        for part in (json.loads(message.key()), event.get("before"), event.get("after")):
            if part:
                users[str(part["user_id"])] = None
    return list(users)


def digest(text):
    return hashlib.sha256(text.encode()).digest()[:16]


def handle(messages):
    users = users_of(messages)
    with database.cursor() as cursor:
        cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        cursor.execute(settings["sql"] % ",".join(users))
        rows = {str(row["user_id"]): json.dumps(row, default=str, ensure_ascii=False) for row in cursor.fetchall()}
        cursor.execute("COMMIT")
    chunks = [users[start:start + 100] for start in range(0, len(users), 100)]
    mappings = {}
    for answer in pool.map(ask, zip(connections, chunks)):
        mappings.update(answer)
    produced = []

    def delivered(user, god, aggregate):
        def note(error, message):
            if error:
                raise SystemExit(str(error))
            produced.append((user, message.partition(), message.offset(), digest(god), digest(aggregate)))
        return note

    for user in users:
        aggregate = rows.get(user)
        producer.produce(settings["aggregate"], aggregate, user)
        god = aggregate and '{"aggregate":%s,"mapping":%s}' % (aggregate, json.dumps(mappings.get(user)))
        producer.produce(settings["god"], god, user, on_delivery=delivered(user, god or "", aggregate or ""))
    producer.flush()
    ledger.execute("BEGIN")
    ledger.executemany("INSERT INTO productions VALUES (?, ?, ?, ?, ?)", produced)
    ledger.execute("COMMIT")
    consumer.commit(asynchronous=False)
    return len(users)


consumer.subscribe(settings["topics"])
left, users, start, cpu = settings["events"], 0, None, 0
while left > 0:
    messages = [message for message in consumer.consume(500, 0.25) if not message.error()]
    if not messages:
        continue
    if start is None:
        start, cpu = time.monotonic(), sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    users += handle(messages)
    left -= len(messages)
seconds = time.monotonic() - start
print(json.dumps({
    "seconds": seconds, "cpu_seconds": sum(resource.getrusage(resource.RUSAGE_SELF)[:2]) - cpu, "users": users}))
