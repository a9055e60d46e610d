"""Requests and replies, many channels, and how connections begin and end."""

import threading
import urllib.parse
import uuid

import pika
from pika import exceptions, spec

from scenario import (
    assert_equal,
    await_ready,
    collect,
    drain,
    publish,
    scenario,
    until,
)

CHANNEL_COUNT = 200
REQUEST_COUNT = 50


class DoublingServer:
    """Answers each number with its double, on a thread and a connection of its own."""

    def __init__(self, context):
        self.queue = context.queue_name("requests")
        self._connection = context.connect()
        channel = context.channel(self._connection)
        channel.queue_declare(self.queue)
        channel.basic_qos(prefetch_count=5)
        channel.basic_consume(self.queue, self._answer)
        self._channel = channel
        self._thread = threading.Thread(target=channel.start_consuming)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_error):
        self._connection.add_callback_threadsafe(self._channel.stop_consuming)
        self._thread.join()

    @staticmethod
    def _answer(channel, method, properties, body):
        answer = str(int(body) * 2)
        publish(
            channel, "", properties.reply_to, answer, correlation_id=properties.correlation_id
        )
        channel.basic_ack(method.delivery_tag)


def request_all(channel, queue, reply_to):
    answers = collect(channel, reply_to, auto_ack=True)
    ids = [uuid.uuid4().hex for _ in range(REQUEST_COUNT)]
    for index, correlation_id in enumerate(ids):
        publish(
            channel, "", queue, str(index), reply_to=reply_to, correlation_id=correlation_id
        )
    until("all answers", lambda: len(answers) == REQUEST_COUNT, channel.connection)
    by_id = {properties.correlation_id: body for _method, properties, body in answers}
    for index, correlation_id in enumerate(ids):
        assert_equal(by_id[correlation_id], str(index * 2).encode())


@scenario("rpc-reply-queue")
def rpc_reply_queue(context):
    with DoublingServer(context) as server:
        channel = context.channel()
        reply_to = channel.queue_declare("", exclusive=True).method.queue
        request_all(channel, server.queue, reply_to)


@scenario("rpc-direct-reply-to")
def rpc_direct_reply_to(context):
    with DoublingServer(context) as server:
        request_all(context.channel(), server.queue, "amq.rabbitmq.reply-to")


@scenario("many-channels")
def many_channels(context):
    connection = context.connect()
    channels = [context.channel(connection) for _ in range(CHANNEL_COUNT)]
    queues = [channel.queue_declare("", exclusive=True).method.queue for channel in channels]
    for index, channel in enumerate(channels):
        publish(channel, "", queues[index], str(index))
    for index, channel in enumerate(channels):
        assert_equal(drain(channel, queues[index]), [str(index)])
    for channel in channels:
        channel.close()


def with_url_parts(url, **parts):
    return urllib.parse.urlunparse(urllib.parse.urlparse(url)._replace(**parts))


@scenario("refused-login")
def refused_login(context):
    parts = urllib.parse.urlparse(context.url)
    wrong = f"{parts.username or 'guest'}:wrong@{parts.hostname}:{parts.port or 5672}"
    try:
        pika.BlockingConnection(pika.URLParameters(with_url_parts(context.url, netloc=wrong)))
    except exceptions.ProbableAuthenticationError as error:
        assert_equal("Login was refused using authentication mechanism PLAIN" in str(error), True)
        assert_equal("403" in str(error), True)
    else:
        raise AssertionError("a wrong password was accepted")
    try:
        pika.BlockingConnection(
            pika.URLParameters(with_url_parts(context.url, path="/no-such-vhost"))
        )
    except exceptions.ProbableAccessDeniedError as error:
        assert_equal("NOT_ALLOWED - vhost no-such-vhost not found" in str(error), True)
        assert_equal("530" in str(error), True)
    else:
        raise AssertionError("a missing vhost was opened")


def provoke_connection_error(channel):
    """Publishes with the immediate flag, which pika's own publish never sets: the broker closes with 540."""
    method = spec.Basic.Publish(exchange="", routing_key="nowhere", immediate=True)
    channel._impl._send_method(method, (pika.BasicProperties(), b"now"))  # pylint: disable=protected-access


def run_until_closed(connection):
    """Handles events until the broker closes the connection; returns its code and text."""
    try:
        until("the connection to be closed", lambda: False, connection)
    except exceptions.ConnectionClosedByBroker as error:
        return error.reply_code, error.reply_text
    raise AssertionError("unreachable: `until` raises")


@scenario("reconnect")
def reconnect(context):
    exchange = context.exchange_name()
    outcomes = []
    received = []
    # The loop that pika's documentation recommends: connect, set up, consume; again when the broker closes.
    while len(outcomes) < 2:
        connection = context.connect()
        channel = connection.channel()
        channel.exchange_declare(exchange, "fanout")
        queue = channel.queue_declare("", exclusive=True).method.queue
        channel.queue_bind(queue, exchange)
        messages = collect(channel, queue, auto_ack=True)
        publish(channel, exchange, "", f"attempt {len(outcomes)}")
        until("the message", lambda got=messages: len(got) == 1, connection)
        received.append(messages[0][2])
        if outcomes:
            outcomes.append("done")
        else:
            provoke_connection_error(channel)
            outcomes.append(run_until_closed(connection))
    assert_equal(outcomes, [(540, "NOT_IMPLEMENTED - immediate=true"), "done"])
    assert_equal(received, [b"attempt 0", b"attempt 1"])


@scenario("requeue-on-close")
def requeue_on_close(context):
    queue = context.queue_name()
    connection = context.connect()
    channel = context.channel(connection)
    channel.queue_declare(queue)
    for body in ("a", "b", "c"):
        publish(channel, "", queue, body)
    first = collect(channel, queue)
    until("3 deliveries", lambda: len(first) == 3, connection)
    channel.basic_ack(first[0][0].delivery_tag)
    provoke_connection_error(channel)
    assert_equal(run_until_closed(connection)[0], 540)

    observer = context.channel()
    await_ready(observer, queue, 2)
    again = collect(observer, queue, auto_ack=True)
    until("2 redeliveries", lambda: len(again) == 2, observer.connection)
    told = [(body, method.redelivered) for method, _properties, body in again]
    assert_equal(told, [(b"b", True), (b"c", True)])


@scenario("graceful-close")
def graceful_close(context):
    queue = context.queue_name()
    connection = context.connect()
    channel = context.channel(connection)
    channel.queue_declare(queue)
    for _ in range(100):
        publish(channel, "", queue, "last words")
    channel.close()
    connection.close()
    assert_equal((channel.is_closed, connection.is_closed), (True, True))
    await_ready(context.channel(), queue, 100)
