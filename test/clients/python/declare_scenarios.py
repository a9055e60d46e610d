"""Declaring queues and exchanges, and what bindings of each type route."""

import re

from pika import exceptions

from scenario import (
    assert_equal,
    assert_in,
    await_ready,
    channel_error,
    collect,
    drain,
    publish,
    scenario,
    until,
)


@scenario("declare")
def declare(context):
    queue = context.queue_name()
    channel = context.channel()
    arguments = {"x-max-length": 1000, "x-expires": 600_000}
    first = channel.queue_declare(queue, arguments=arguments).method
    again = channel.queue_declare(queue, arguments=arguments).method
    for answer in (first, again):
        assert_equal((answer.queue, answer.message_count, answer.consumer_count), (queue, 0, 0))
    reply = channel_error(lambda: channel.queue_declare(queue, durable=True, arguments=arguments))
    text = (
        f"PRECONDITION_FAILED - inequivalent arg 'durable' for queue '{queue}' in vhost '/': "
        "received 'true' but current is 'false'"
    )
    assert_equal(reply, (406, text))


@scenario("declare-passive")
def declare_passive(context):
    queue = context.queue_name()
    channel = context.channel()
    channel.queue_declare(queue)
    publish(channel, "", queue, "1")
    publish(channel, "", queue, "2")
    await_ready(channel, queue, 2)
    collect(channel, queue)
    counts = channel.queue_declare(queue, passive=True).method
    assert_equal((counts.message_count, counts.consumer_count), (0, 1))

    missing = f"{queue}-missing"
    no_queue = channel_error(lambda: channel.queue_declare(missing, passive=True))
    assert_equal(no_queue, (404, f"NOT_FOUND - no queue '{missing}' in vhost '/'"))
    other = context.channel()
    no_exchange = channel_error(lambda: other.exchange_declare(missing, passive=True))
    assert_equal(no_exchange, (404, f"NOT_FOUND - no exchange '{missing}' in vhost '/'"))


@scenario("server-named-queue")
def server_named_queue(context):
    owner = context.connect()
    own_channel = context.channel(owner)
    queue = own_channel.queue_declare("", exclusive=True).method.queue
    if re.fullmatch(r"amq\.gen-.{22}", queue) is None:
        raise AssertionError(f"unexpected name {queue}")
    publish(own_channel, "", queue, "mine")
    assert_equal(drain(own_channel, queue), ["mine"])

    other = context.channel()
    code, text = channel_error(lambda: other.queue_declare(queue, passive=True))
    assert_equal(code, 405)
    locked = f"RESOURCE_LOCKED - cannot obtain exclusive access to locked queue '{queue}' in vhost '/'"
    assert_in(locked, text)

    owner.close()

    def is_gone():
        try:
            context.channel().queue_declare(queue, passive=True)
        except exceptions.ChannelClosedByBroker as error:
            return error.reply_code == 404
        return False

    until("the exclusive queue to be gone", is_gone)


def bound(context, channel, exchange, key, suffix, arguments=None):
    queue = context.queue_name(suffix)
    channel.queue_declare(queue)
    channel.queue_bind(queue, exchange, key, arguments)
    return queue


@scenario("exchange-types")
def exchange_types(context):
    channel = context.channel()
    direct(context, channel)
    fanout(context, channel)
    topic(context, channel)
    headers(context, channel)
    exchange_to_exchange(context, channel)


def direct(context, channel):
    exchange = context.exchange_name("direct")
    channel.exchange_declare(exchange, "direct")
    red = bound(context, channel, exchange, "red", "direct-red")
    blue = bound(context, channel, exchange, "blue", "direct-blue")
    for key in ("red", "blue", "blue", "green"):
        publish(channel, exchange, key, key)
    assert_equal(drain(channel, red), ["red"])
    assert_equal(drain(channel, blue), ["blue", "blue"])


def fanout(context, channel):
    exchange = context.exchange_name("fanout")
    channel.exchange_declare(exchange, "fanout")
    first = bound(context, channel, exchange, "a", "fanout-1")
    second = bound(context, channel, exchange, "", "fanout-2")
    publish(channel, exchange, "whatever", "all")
    assert_equal(drain(channel, first), ["all"])
    assert_equal(drain(channel, second), ["all"])


def topic(context, channel):
    exchange = context.exchange_name("topic")
    channel.exchange_declare(exchange, "topic")
    star = bound(context, channel, exchange, "a.*.c", "topic-star")
    every = bound(context, channel, exchange, "a.#", "topic-hash")
    for key in ("a.b.c", "a.c", "a", "a.b.c.d", "b.a.c"):
        publish(channel, exchange, key, key)
    assert_equal(drain(channel, star), ["a.b.c"])
    assert_equal(drain(channel, every), ["a.b.c", "a.c", "a", "a.b.c.d"])


def headers(context, channel):
    exchange = context.exchange_name("headers")
    channel.exchange_declare(exchange, "headers")
    pair = {"colour": "red", "size": 3}
    of_all = bound(context, channel, exchange, "", "headers-all", {"x-match": "all", **pair})
    of_any = bound(context, channel, exchange, "", "headers-any", {"x-match": "any", **pair})
    publish(channel, exchange, "", "both", headers=pair)
    publish(channel, exchange, "", "colour", headers={"colour": "red"})
    publish(channel, exchange, "", "size", headers={"size": 3, "other": True})
    publish(channel, exchange, "", "neither", headers={"colour": "blue"})
    assert_equal(drain(channel, of_all), ["both"])
    assert_equal(drain(channel, of_any), ["both", "colour", "size"])


def exchange_to_exchange(context, channel):
    source = context.exchange_name("source")
    exchange = context.exchange_name("destination")
    channel.exchange_declare(source, "topic")
    channel.exchange_declare(exchange, "fanout")
    channel.exchange_bind(exchange, source, "logs.*")
    queue = bound(context, channel, exchange, "", "bound-exchange")
    publish(channel, source, "logs.info", "1")
    publish(channel, source, "other", "2")
    assert_equal(drain(channel, queue), ["1"])
