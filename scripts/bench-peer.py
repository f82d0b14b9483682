"""The same job as `rollcall stream`, as one would write it in Python, in batches: the peer of `scripts/bench stream`.

Change events -> the users of the batch -> one query in a snapshot not older than the events -> aggregates, acknowledged -> one HTTP request
per 100 users -> God objects, acknowledged -> SQLite -> commit. Records carry the same headers, and the ledger the same columns. It has one
hop where Rollcall has three, orders nothing across workers, parks nothing, and gives up at the first error.

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
ledger.execute("CREATE TABLE productions (user TEXT, god TEXT, god_digest TEXT, aggregate TEXT, aggregate_digest TEXT, version TEXT,"
               " mapping_digest TEXT, produced_at_ms INT)")
with database.cursor() as cursor:
    cursor.execute("SELECT @@server_id AS id")
    server = cursor.fetchone()["id"]
address = urlsplit(settings["mapping"])
connections = [http.client.HTTPConnection(address.netloc) for _ in range(5)]
pool = ThreadPoolExecutor(len(connections))


def ask(job):
    connection, chunks = job
    mappings = {}
    for users in chunks:
        connection.request("GET", address.path + "?ids=" + ",".join(users))
        mappings.update(json.loads(connection.getresponse().read()))
    return mappings


def users_of(messages):
    """The users of the events, each with the time of its oldest event; and the newest event's place in the binary log."""
    users, newest = {}, ("", 0)
    for message in messages:
        event = json.loads(message.value())
        place = event["source"]["file"], event["source"]["pos"]
        newest = max(newest, place)
        for part in (json.loads(message.key()), event.get("before"), event.get("after")):
            if part:
                users.setdefault(str(part["user_id"]), message.timestamp()[1])
    return users, newest


def read(users, newest):
    """The users' rows as texts, and the place in the binary log as of which they were read."""
    while True:
        with database.cursor() as cursor:
            cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
            cursor.execute("SHOW STATUS LIKE 'binlog_snapshot_%'")
            status = {row["Variable_name"].lower(): row["Value"] for row in cursor.fetchall()}
            place = status["binlog_snapshot_file"], int(status["binlog_snapshot_position"])
            if place >= newest:
                cursor.execute(settings["sql"] % ",".join(users))
                rows = {str(row["user_id"]): json.dumps(row, default=str, ensure_ascii=False) for row in cursor.fetchall()}
            cursor.execute("COMMIT")
        if place >= newest:
            return rows, "%d@%s:%d" % (server, *place)
        time.sleep(0.01)


def digest(text):
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def produce(topic, records):
    """Writes the records, each with its headers, and returns their addresses by user when all are acknowledged."""
    addresses = {}

    def delivered(error, message):
        if error:
            raise SystemExit(str(error))
        addresses[message.key().decode()] = "%d:%d" % (message.partition(), message.offset())

    for user, value, headers in records:
        producer.produce(topic, value, user, headers=headers, on_delivery=delivered)
    producer.flush()
    return addresses


def handle(messages):
    users, newest = users_of(messages)
    rows, version = read(users, newest)
    aggregates = produce(settings["aggregate"], (
        (user, rows.get(user), [
            ("rollcall.version", version), ("rollcall.encoding", "peer"), ("rollcall.event.time", str(time_ms))])
        for user, time_ms in users.items()))
    live = list(rows)
    chunks = [live[start:start + 100] for start in range(0, len(live), 100)]
    shares = [chunks[first::len(connections)] for first in range(len(connections))]
    mappings = {}
    for answer in pool.map(ask, zip(connections, shares)):
        mappings.update(answer)
    productions, records = [], []
    for user in users:
        aggregate = rows.get(user)
        headers = [("rollcall.aggregate", aggregates[user]), ("rollcall.version", version)]
        god = god_digest = aggregate_digest = mapping_digest = None
        if aggregate:
            mapping = json.dumps(mappings.get(user))
            god = '{"aggregate":%s,"mapping":%s}' % (aggregate, mapping)
            god_digest, aggregate_digest, mapping_digest = digest(god), digest(aggregate), digest(mapping)
            headers += [("rollcall.aggregate.digest", aggregate_digest), ("rollcall.mapping.digest", mapping_digest)]
        records.append((user, god, headers))
        productions.append((user, god_digest, aggregates[user], aggregate_digest, version, mapping_digest))
    gods = produce(settings["god"], records)
    now_ms = int(time.time() * 1000)
    ledger.execute("BEGIN")
    ledger.executemany(
        "INSERT INTO productions VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        ((user, gods[user], *rest, now_ms) for user, *rest in productions))
    ledger.execute("COMMIT")
    consumer.commit(asynchronous=False)
    return len(users)


consumer.subscribe(settings["topics"])
left, users, start, cpu = settings["events"], 0, None, 0
while left > 0:
    messages = [message for message in consumer.consume(settings["batch"], 0.25) if not message.error()]
    if not messages:
        continue
    if start is None:
        start, cpu = time.monotonic(), sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    users += handle(messages)
    left -= len(messages)
seconds = time.monotonic() - start
print(json.dumps({
    "seconds": seconds, "cpu_seconds": sum(resource.getrusage(resource.RUSAGE_SELF)[:2]) - cpu, "users": users}))
