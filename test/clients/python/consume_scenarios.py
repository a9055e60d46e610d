"""Getting messages and settling them."""

from scenario import (
    assert_equal,
    await_ready,
    channel_error,
    collect,
    drain,
    publish,
    scenario,
    until,
)


def filled_queue(context, channel, count):
    queue = context.queue_name()
    channel.queue_declare(queue)
    for index in range(count):
        publish(channel, "", queue, str(index))
    return queue


def bodies(received):
    return [body.decode() for _method, _properties, body in received]


def redelivered(received):
    return [method.redelivered for method, _properties, _body in received]


@scenario("basic-get")
def basic_get(context):
    channel = context.channel()
    queue = filled_queue(context, channel, 3)
    for expected in ((b"0", 2, False), (b"1", 1, False), (b"2", 0, False)):
        method, _properties, body = channel.basic_get(queue)
        assert_equal((body, method.message_count, method.redelivered), expected)
        channel.basic_ack(method.delivery_tag)
    assert_equal(channel.basic_get(queue), (None, None, None))


@scenario("consume-ack")
def consume_ack(context):
    connection = context.connect()
    channel = context.channel(connection)
    queue = filled_queue(context, channel, 100)
    received = collect(channel, queue)
    until("100 deliveries", lambda: len(received) == 100, connection)
    assert_equal(bodies(received), [str(index) for index in range(100)])
    channel.basic_ack(received[0][0].delivery_tag)
    channel.basic_ack(received[-1][0].delivery_tag, multiple=True)
    channel.close()
    connection.close()
    after = context.channel()
    await_ready(after, queue, 0)
    assert_equal(drain(after, queue), [])


@scenario("nack-requeue")
def nack_requeue(context):
    channel = context.channel()
    queue = filled_queue(context, channel, 4)
    tags = [channel.basic_get(queue)[0].delivery_tag for _ in range(3)]
    channel.basic_nack(tags[2], multiple=True, requeue=True)
    again = collect(channel, queue)
    until("4 deliveries", lambda: len(again) == 4, channel.connection)
    assert_equal(bodies(again), ["0", "1", "2", "3"])
    assert_equal(redelivered(again), [True, True, True, False])
    channel.basic_ack(0, multiple=True)


@scenario("reject")
def reject(context):
    channel = context.channel()
    queue = filled_queue(context, channel, 2)
    channel.basic_reject(channel.basic_get(queue)[0].delivery_tag, requeue=False)
    channel.basic_reject(channel.basic_get(queue)[0].delivery_tag, requeue=True)
    method, _properties, body = channel.basic_get(queue, auto_ack=True)
    assert_equal((body, method.redelivered), (b"1", True))
    assert_equal(drain(channel, queue), [])


@scenario("recover")
def recover(context):
    channel = context.channel()
    queue = filled_queue(context, channel, 2)
    received = collect(channel, queue)
    until("2 deliveries", lambda: len(received) == 2, channel.connection)
    channel.basic_recover(requeue=True)
    until("2 redeliveries", lambda: len(received) == 4, channel.connection)
    assert_equal(bodies(received), ["0", "1", "0", "1"])
    assert_equal(redelivered(received), [False, False, True, True])
    channel.basic_ack(0, multiple=True)


@scenario("qos-prefetch")
def qos_prefetch(context):
    channel = context.channel()
    observer = context.channel()
    queue = filled_queue(context, channel, 10)
    channel.basic_qos(prefetch_count=3)
    received = collect(channel, queue)
    until("3 deliveries", lambda: len(received) == 3, channel.connection)
    await_ready(observer, queue, 7)
    channel.basic_ack(received[0][0].delivery_tag)
    until("a 4th delivery", lambda: len(received) == 4, channel.connection)
    await_ready(observer, queue, 6)
    assert_equal(bodies(received), ["0", "1", "2", "3"])
    channel.basic_ack(0, multiple=True)
    until("3 further deliveries", lambda: len(received) == 7, channel.connection)


@scenario("unknown-delivery-tag")
def unknown_delivery_tag(context):
    channel = context.channel()
    bystander = context.channel()
    queue = filled_queue(context, channel, 1)
    tag = channel.basic_get(queue)[0].delivery_tag
    channel.basic_ack(tag)

    def ack_again():
        channel.basic_ack(tag)
        # The close arrives in answer to any later call.
        channel.queue_declare(queue, passive=True)

    assert_equal(channel_error(ack_again), (406, "PRECONDITION_FAILED - unknown delivery tag 1"))
    assert_equal(drain(bystander, queue), [])


@scenario("consumer-cancel")
def consumer_cancel(context):
    channel = context.channel()
    queue = filled_queue(context, channel, 0)
    tag = channel.basic_consume(queue, lambda *_: None)
    channel.basic_cancel(tag)
    publish(channel, "", queue, "after")
    counts = channel.queue_declare(queue, passive=True).method
    assert_equal(counts.consumer_count, 0)
    assert_equal(drain(channel, queue), ["after"])

    cancelled = []
    channel.add_on_cancel_callback(lambda frame: cancelled.append(frame.method.consumer_tag))
    tag = channel.basic_consume(queue, lambda *_: None)
    context.channel().queue_delete(queue)
    until("the cancel notification", lambda: cancelled == [tag], channel.connection)
