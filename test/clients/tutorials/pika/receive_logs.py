"""Tutorial 3: prints every log line sent from now on."""

import os

import pika

url = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost:5672/")
connection = pika.BlockingConnection(pika.URLParameters(url))
channel = connection.channel()
channel.exchange_declare(exchange="logs", exchange_type="fanout")
result = channel.queue_declare(queue="", exclusive=True)
queue_name = result.method.queue
channel.queue_bind(exchange="logs", queue=queue_name)


def on_log(ch, method, properties, body):
    print(f"received {body.decode()}", flush=True)


channel.basic_consume(queue=queue_name, on_message_callback=on_log, auto_ack=True)
print("waiting", flush=True)
channel.start_consuming()
