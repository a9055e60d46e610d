"""Tutorial 2: works on one task at a time and acks it when it is done."""

import os
import time

import pika

url = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost:5672/")
connection = pika.BlockingConnection(pika.URLParameters(url))
channel = connection.channel()
channel.queue_declare(queue="task_queue", durable=True)


def on_task(ch, method, properties, body):
    print(f"received {body.decode()}", flush=True)
    # A twentieth of a second of work for each dot.
    time.sleep(body.count(b".") / 20)
    print(f"done {body.decode()}", flush=True)
    ch.basic_ack(delivery_tag=method.delivery_tag)


channel.basic_qos(prefetch_count=1)
channel.basic_consume(queue="task_queue", on_message_callback=on_task)
print("waiting", flush=True)
channel.start_consuming()
