"""How long messages live, where they go afterwards, and in which order they leave."""

import datetime

from pika import exceptions

from scenario import assert_equal, await_ready, drain, publish, scenario


@scenario("message-ttl")
def message_ttl(context):
    channel = context.channel()
    by_queue = context.queue_name("by-queue")
    channel.queue_declare(by_queue, arguments={"x-message-ttl": 50})
    publish(channel, "", by_queue, "queue")
    publish(channel, "", by_queue, "queue is earlier", expiration="600000")
    by_message = context.queue_name("by-message")
    channel.queue_declare(by_message, arguments={"x-message-ttl": 600_000})
    publish(channel, "", by_message, "message is earlier", expiration="50")
    publish(channel, "", by_message, "stays")
    await_ready(channel, by_queue, 0)
    await_ready(channel, by_message, 1)
    assert_equal(drain(channel, by_message), ["stays"])


def dead_message(channel, dead, source, reason):
    await_ready(channel, dead, 1)
    method, properties, body = channel.basic_get(dead, auto_ack=True)
    assert_equal((method.routing_key, body), ("buried", reason.encode()))
    headers = properties.headers
    first = [headers[f"x-first-death-{part}"] for part in ("queue", "reason", "exchange")]
    assert_equal(first, [source, reason, ""])
    (death,) = headers["x-death"]
    told = [death[part] for part in ("queue", "reason", "count", "exchange", "routing-keys")]
    assert_equal(told, [source, reason, 1, "", [source]])
    if not isinstance(death["time"], datetime.datetime):
        raise AssertionError(f"x-death has no time stamp: {death!r}")
    return properties, death


@scenario("dead-letter")
def dead_letter(context):
    channel = context.channel()
    exchange = context.exchange_name("dlx")
    dead = context.queue_name("dead")
    source = context.queue_name("source")
    channel.exchange_declare(exchange, "direct")
    channel.queue_declare(dead)
    channel.queue_bind(dead, exchange, "buried")
    arguments = {"x-dead-letter-exchange": exchange, "x-dead-letter-routing-key": "buried"}
    channel.queue_declare(source, arguments=arguments)
    publish(channel, "", source, "rejected")
    method, _properties, _body = channel.basic_get(source)
    channel.basic_nack(method.delivery_tag, requeue=False)
    dead_message(channel, dead, source, "rejected")

    publish(channel, "", source, "expired", expiration="20")
    properties, death = dead_message(channel, dead, source, "expired")
    assert_equal((properties.expiration, death["original-expiration"]), (None, "20"))


@scenario("max-length")
def max_length(context):
    channel = context.channel()
    channel.confirm_delivery()
    drop_head = context.queue_name("drop-head")
    channel.queue_declare(drop_head, arguments={"x-max-length": 2})
    for body in ("1", "2", "3", "4"):
        publish(channel, "", drop_head, body)
    assert_equal(drain(channel, drop_head), ["3", "4"])

    rejecting = context.queue_name("reject-publish")
    arguments = {"x-max-length": 1, "x-overflow": "reject-publish"}
    channel.queue_declare(rejecting, arguments=arguments)
    publish(channel, "", rejecting, "first")
    try:
        publish(channel, "", rejecting, "second")
    except exceptions.NackError:
        assert_equal(drain(channel, rejecting), ["first"])
    else:
        raise AssertionError("a publish to a full queue was acked")


@scenario("priority")
def priority(context):
    channel = context.channel()
    queue = context.queue_name()
    channel.queue_declare(queue, arguments={"x-max-priority": 5})
    for body, level in (("low", 1), ("high-1", 5), ("none", None), ("middle", 3), ("high-2", 9)):
        publish(channel, "", queue, body, priority=level)
    assert_equal(drain(channel, queue), ["high-1", "high-2", "middle", "low", "none"])
