"""Tutorial 6: asks for fib(30) and waits for the answer."""

import os
import uuid

import pika

url = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost:5672/")
connection = pika.BlockingConnection(pika.URLParameters(url))
channel = connection.channel()
result = channel.queue_declare(queue="", exclusive=True)
callback_queue = result.method.queue
correlation_id = str(uuid.uuid4())
answers = []


def on_answer(ch, method, props, body):
    if props.correlation_id == correlation_id:
        answers.append(int(body))


channel.basic_consume(queue=callback_queue, on_message_callback=on_answer, auto_ack=True)
channel.basic_publish(
    exchange="",
    routing_key="rpc_queue",
    properties=pika.BasicProperties(reply_to=callback_queue, correlation_id=correlation_id),
    body="30",
)
print("asking for fib(30)", flush=True)
while not answers:
    connection.process_data_events(time_limit=None)
print(f"got {answers[0]}")
connection.close()
