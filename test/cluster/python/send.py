"""send.py URL QUEUE FIRST COUNT: publishes the numbers from FIRST on, persistent, each confirmed before the next."""

import sys

import pika

url, queue, first, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
connection = pika.BlockingConnection(pika.URLParameters(url))
channel = connection.channel()
channel.queue_declare(queue=queue, durable=True)
channel.confirm_delivery()
for number in range(first, first + count):
    channel.basic_publish(
        exchange="",
        routing_key=queue,
        body=str(number),
        properties=pika.BasicProperties(delivery_mode=2),
        mandatory=True,
    )
connection.close()
print(f"sent {count}")
