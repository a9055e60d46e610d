"""Publisher confirms, returns, transactions and what a message carries."""

import datetime
import decimal
import hashlib
import os
import urllib.parse

import pika
from pika import exceptions

from scenario import (
    assert_equal,
    await_ready,
    collect,
    drain,
    publish,
    scenario,
    until,
)

LARGE_BODY_SIZE = 3 * 1024 * 1024 + 17


@scenario("publish-confirm")
def publish_confirm(context):
    queue = context.queue_name()
    channel = context.channel()
    channel.queue_declare(queue)
    channel.confirm_delivery()
    for index in range(500):
        # In confirm mode pika waits for the ack of each publish and raises on a nack.
        publish(channel, "", queue, f"message {index}")
    assert_equal(len(drain(channel, queue)), 500)


@scenario("mandatory-return")
def mandatory_return(context):
    channel = context.channel()
    channel.confirm_delivery()
    key = context.queue_name("missing")
    try:
        channel.basic_publish(
            "", key, "lost", pika.BasicProperties(message_id="m1"), mandatory=True
        )
    except exceptions.UnroutableError as error:
        # Raised at the ack, if the return came before it.
        (returned,) = error.messages
    else:
        raise AssertionError("nothing was returned before the ack")
    method = returned.method
    fields = (method.reply_code, method.reply_text, method.exchange, method.routing_key)
    assert_equal(fields, (312, "NO_ROUTE", "", key))
    assert_equal((returned.properties.message_id, returned.body), ("m1", b"lost"))


@scenario("headers-round-trip")
def headers_round_trip(context):
    queue = context.queue_name()
    channel = context.channel()
    channel.queue_declare(queue)
    headers = {
        "yes": True,
        "no": False,
        "int": 12_345_678,
        "negative-int": -12_345_678,
        "long": 1_234_567_890_123,
        "negative-long": -1_234_567_890_123,
        "decimal": decimal.Decimal("3.14"),
        "timestamp": datetime.datetime(2024, 2, 29, 12, 30, 15, tzinfo=datetime.timezone.utc),
        "text": "grüße, 世界",
        "empty": "",
        "long-text": "x" * 20_000,
        "bytes": bytes([0, 1, 127, 128, 255]),
        "nothing": None,
        "list": [1, "two", False, None, [3], {"four": 4}],
        "table": {"nested": {"deeper": {"value": "bottom"}}, "empty": {}, "list": []},
    }
    user = urllib.parse.urlparse(context.url).username or "guest"
    properties = {
        "content_type": "application/json",
        "content_encoding": "gzip",
        "delivery_mode": 2,
        "priority": 7,
        "correlation_id": "correlation",
        "reply_to": "reply.to",
        "expiration": "600000",
        "message_id": "message-1",
        "timestamp": 1_700_000_001,
        "type": "event",
        "user_id": urllib.parse.unquote(user),
        "app_id": "suite",
    }
    publish(channel, "", queue, "{}", headers=headers, **properties)
    _method, received, _body = channel.basic_get(queue, auto_ack=True)
    # pika decodes a time stamp to a naive datetime in UTC.
    expected = {**headers, "timestamp": datetime.datetime(2024, 2, 29, 12, 30, 15)}
    actual = dict(received.headers)
    if actual["timestamp"].tzinfo is not None:
        actual["timestamp"] = actual["timestamp"].replace(tzinfo=None)
    assert_equal(actual, expected)
    for name, value in properties.items():
        assert_equal((name, getattr(received, name)), (name, value))


@scenario("transactions")
def transactions(context):
    queue = context.queue_name()
    channel = context.channel()
    observer = context.channel()
    channel.queue_declare(queue)
    channel.tx_select()
    publish(channel, "", queue, "rolled back")
    channel.tx_rollback()
    publish(channel, "", queue, "1")
    publish(channel, "", queue, "2")
    assert_equal(drain(channel, queue), [])
    channel.tx_commit()
    await_ready(observer, queue, 2)

    method, _properties, _body = channel.basic_get(queue)
    channel.basic_ack(method.delivery_tag)
    channel.tx_commit()
    channel.close()
    assert_equal(drain(observer, queue), ["2"])


@scenario("large-message")
def large_message(context):
    queue = context.queue_name()
    channel = context.channel()
    channel.queue_declare(queue)
    channel.confirm_delivery()
    received = collect(channel, queue, auto_ack=True)
    body = os.urandom(LARGE_BODY_SIZE)
    publish(channel, "", queue, body)
    until("the large message", lambda: len(received) == 1, channel.connection)
    got = received[0][2]
    assert_equal(len(got), LARGE_BODY_SIZE)
    assert_equal(hashlib.sha256(got).hexdigest(), hashlib.sha256(body).hexdigest())
