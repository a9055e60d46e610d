"""Tutorial 1: prints every message of the queue hello."""

import os

import pika

url = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost:5672/")
connection = pika.BlockingConnection(pika.URLParameters(url))
channel = connection.channel()
channel.queue_declare(queue="hello")


def on_message(ch, method, properties, body):
    print(f"received {body.decode()}", flush=True)


channel.basic_consume(queue="hello", on_message_callback=on_message, auto_ack=True)
print("waiting", flush=True)
channel.start_consuming()
