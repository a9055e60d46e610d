"""Publishes to one queue in transactions, with pika. Writes what it does as lines of a history (see
packages/raft/src/history/format/history-lines.ts); reads "hold", "release", "stop", "home" from stdin.

A message counts as confirmed when tx.commit was answered; after tx.rollback it must never be seen.
"""

import argparse
import json
import random
import sys
import threading
import time

import pika
from pika import exceptions

BODY = b"chaos " * 33
RETRY_S = 0.05
MESSAGES_MAX = 8
ROLLBACK_SHARE = 0.2


class Recorder:
    """Writes operations; times in ms on the clock of the process that reads them."""

    def __init__(self, offset_ms, process):
        self._offset_ms = offset_ms
        self._process = process
        self._next_id = 0

    def session(self):
        """A client that has lost its session goes on as another one."""
        self._process += 1

    def invoke(self, queue, message):
        self._next_id += 1
        line = {"event": "invoke", "id": self._next_id, "process": self._process, "kind": "enqueue"}
        self._write({**line, "key": queue, "input": {"message": message}, "at": self._now()})
        return self._next_id

    def complete(self, operation, outcome):
        self._write({"event": "complete", "id": operation, "outcome": outcome, "at": self._now()})

    def held(self):
        self._write({"event": "held"})

    def _now(self):
        return time.monotonic() * 1000 - self._offset_ms

    def _write(self, line):
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


class TxPublisher:
    def __init__(self, options):
        self._options = options
        self._random = random.Random(options.seed)
        self._recorder = Recorder(options.offset_ms, options.process)
        self._is_held = False
        self._is_stopped = False
        self._at = 0
        self._connection = None
        self._channel = None
        self._seq = 0

    def command(self, word):
        if word == "stop":
            self._is_stopped = True
        elif word in ("hold", "release"):
            self._is_held = word == "hold"

    def run(self):
        while not self._is_stopped:
            if self._is_held:
                self._recorder.held()
                self._idle(0.1)
            else:
                self._transact()
                self._idle(MESSAGES_MAX / 2 / self._options.rate)

    def _idle(self, seconds):
        try:
            if self._connection is None:
                time.sleep(seconds)
            else:
                self._connection.process_data_events(seconds)
        except (exceptions.AMQPError, OSError):
            self._connection = None

    def _transact(self):
        if self._connection is None and not self._connect():
            time.sleep(RETRY_S)
            return
        operations = []
        is_rolled_back = self._random.random() < ROLLBACK_SHARE
        try:
            for _ in range(1 + self._random.randrange(MESSAGES_MAX)):
                operations.append(self._publish())
            if is_rolled_back:
                self._channel.tx_rollback()
            else:
                self._channel.tx_commit()
        except (exceptions.AMQPError, OSError):
            # What became of them is not known; those of a session without a commit are gone, but the commit may have arrived.
            outcome = "fail" if is_rolled_back else "unknown"
            self._finish(operations, outcome)
            self._connection = None
            return
        self._finish(operations, "fail" if is_rolled_back else "ok")

    def _finish(self, operations, outcome):
        for operation in operations:
            self._recorder.complete(operation, outcome)

    def _publish(self):
        self._seq += 1
        message = f"tx{self._options.process}.{self._seq}"
        operation = self._recorder.invoke(self._options.queue, message)
        properties = pika.BasicProperties(message_id=message, delivery_mode=2)
        self._channel.basic_publish("", self._options.queue, BODY, properties)
        return operation

    def _connect(self):
        url = self._options.urls[self._at % len(self._options.urls)]
        parameters = pika.URLParameters(f"{url}%2F?heartbeat=5&socket_timeout=4&stack_timeout=4")
        try:
            self._connection = pika.BlockingConnection(parameters)
            self._channel = self._connection.channel()
            self._channel.tx_select()
        except (exceptions.AMQPError, OSError):
            self._connection = None
            self._at += 1
            return False
        self._recorder.session()
        return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--urls", type=lambda text: text.split(","), required=True)
    parser.add_argument("--queue", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--process", type=int, required=True)
    parser.add_argument("--offset-ms", type=float, required=True)
    publisher = TxPublisher(parser.parse_args())

    def listen():
        for line in sys.stdin:
            publisher.command(line.strip())
        publisher.command("stop")

    threading.Thread(target=listen, daemon=True).start()
    publisher.run()


main()
