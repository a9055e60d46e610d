"""What every scenario is given: the broker's address, connections, and names of its own."""

import time
import uuid

import pika
from pika import exceptions

WAIT_MAX_S = 15.0
POLL_S = 0.01

SCENARIOS = {}


def scenario(name):
    """Registers a function as the scenario of that name."""

    def register(function):
        SCENARIOS[name] = function
        return function

    return register


class Context:
    """Connections and names of one scenario; `end` closes the first and deletes the second."""

    def __init__(self, url, name):
        self.url = url
        self._prefix = f"python-{name}-{uuid.uuid4().hex[:8]}"
        self._connections = []
        self._queues = []
        self._exchanges = []
        self._main = None

    def queue_name(self, suffix="q"):
        name = f"{self._prefix}-{suffix}"
        self._queues.append(name)
        return name

    def exchange_name(self, suffix="x"):
        name = f"{self._prefix}-{suffix}"
        self._exchanges.append(name)
        return name

    def connect(self):
        connection = pika.BlockingConnection(pika.URLParameters(self.url))
        self._connections.append(connection)
        return connection

    def channel(self, connection=None):
        """A new channel, on the scenario's main connection unless told otherwise."""
        if connection is None:
            if self._main is None:
                self._main = self.connect()
            connection = self._main
        return connection.channel()

    def end(self):
        for connection in self._connections:
            if connection.is_open:
                connection.close()
        connection = pika.BlockingConnection(pika.URLParameters(self.url))
        channel = connection.channel()
        for queue in self._queues:
            channel.queue_delete(queue)
        for exchange in self._exchanges:
            channel.exchange_delete(exchange)
        connection.close()


def until(what, is_true, *connections):
    """Polls until `is_true()` holds, handling the events of `connections` meanwhile."""
    deadline = time.monotonic() + WAIT_MAX_S
    while not is_true():
        if time.monotonic() > deadline:
            raise AssertionError(f"timed out waiting for {what}")
        for connection in connections:
            connection.process_data_events(time_limit=POLL_S)
        if not connections:
            time.sleep(POLL_S)


def channel_error(operation):
    """Runs `operation` and returns code and text with which the broker closed the channel."""
    try:
        operation()
    except exceptions.ChannelClosedByBroker as error:
        return error.reply_code, error.reply_text
    raise AssertionError("the broker accepted what it should refuse")


def await_ready(channel, queue, count):
    """Waits until a passive declare tells `count` ready messages.

    RabbitMQ answers it ahead of publishes and acks that its queue has not handled yet, so one look is not enough.
    """

    def is_ready():
        return channel.queue_declare(queue, passive=True).method.message_count == count

    until(f"{count} ready messages in {queue}", is_ready)


def drain(channel, queue):
    """Takes all messages, after everything published on the same channel, and returns their bodies."""
    bodies = []
    while True:
        method, _properties, body = channel.basic_get(queue, auto_ack=True)
        if method is None:
            return bodies
        bodies.append(body.decode())


def collect(channel, queue, auto_ack=False):
    """Starts a consumer; the returned list grows with (method, properties, body)."""
    received = []
    channel.basic_consume(
        queue,
        lambda _channel, method, properties, body: received.append((method, properties, body)),
        auto_ack=auto_ack,
    )
    return received


def publish(channel, exchange, key, body, **properties):
    channel.basic_publish(exchange, key, body, pika.BasicProperties(**properties))


def assert_equal(actual, expected):
    if actual != expected:
        raise AssertionError(f"expected {expected!r}, got {actual!r}")


def assert_in(part, whole):
    if part not in whole:
        raise AssertionError(f"expected {part!r} in {whole!r}")
