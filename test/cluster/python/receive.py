"""receive.py URL QUEUE COUNT: takes so many messages and prints them, a line each."""

import sys

import pika

url, queue, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
connection = pika.BlockingConnection(pika.URLParameters(url))
channel = connection.channel()
channel.basic_qos(prefetch_count=count)
received = 0
for method, _properties, body in channel.consume(queue, inactivity_timeout=20):
    if method is None:
        sys.exit(f"nothing for 20 s after {received} messages")
    print(body.decode())
    channel.basic_ack(method.delivery_tag)
    received += 1
    if received == count:
        break
channel.cancel()
connection.close()
