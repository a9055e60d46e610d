"""Tutorial 4: prints the log lines whose routing key matches one of those given."""

import os
import sys

import pika

url = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost:5672/")
connection = pika.BlockingConnection(pika.URLParameters(url))
channel = connection.channel()
channel.exchange_declare(exchange="direct_logs", exchange_type="direct")
result = channel.queue_declare(queue="", exclusive=True)
queue_name = result.method.queue
for key in sys.argv[1:]:
    channel.queue_bind(exchange="direct_logs", queue=queue_name, routing_key=key)


def on_log(ch, method, properties, body):
    print(f"received {method.routing_key}:{body.decode()}", flush=True)


channel.basic_consume(queue=queue_name, on_message_callback=on_log, auto_ack=True)
print("waiting", flush=True)
channel.start_consuming()
