import type { Group } from "./case.ts";
import { shop } from "./case.ts";

export const MESSAGES: Group = {
  name: "messages",
  cases: [
    shop("get from an empty queue", "get", "queue=mails"),
    shop("publish", "publish", "routing_key=mails", "payload=hello"),
    shop(
      "publish to an exchange with properties",
      "publish",
      "exchange=amq.default",
      "routing_key=mails",
      "payload={}",
      'properties={"content_type":"application/json","delivery_mode":2,"headers":{"a":1,"b":"x"},"priority":3,"message_id":"m1","timestamp":1700000000}',
    ),
    {
      ...shop("publish from standard input", "publish", "routing_key=mails"),
      stdin: "from a pipe\n",
    },
    shop(
      "publish base64",
      "publish",
      "routing_key=mails",
      "payload=/wD/",
      "payload_encoding=base64",
    ),
    shop(
      "publish in an unknown encoding",
      "publish",
      "routing_key=mails",
      "payload=x",
      "payload_encoding=rot13",
    ),
    shop(
      "publish to nobody",
      "publish",
      "exchange=orders",
      "routing_key=nobody.listens.here",
      "payload=x",
    ),
    shop("publish to no exchange", "publish", "exchange=nope", "routing_key=x", "payload=x"),
    shop(
      "publish with bad properties",
      "publish",
      "routing_key=mails",
      "payload=x",
      "properties={",
    ),
    shop("publish without a key", "publish", "payload=x"),
    shop("get", "get", "queue=mails"),
    shop("get many", "get", "queue=mails", "count=10"),
    { ...shop("get as JSON", "-f", "raw_json", "get", "queue=mails", "count=10"), output: "json" },
    shop("get in base64", "-f", "kvp", "get", "queue=mails", "count=2", "encoding=base64"),
    {
      ...shop("get into a file", "get", "queue=mails", "payload_file={dir}/payload"),
      file: "payload",
    },
    shop("get with rejection and requeue", "get", "queue=mails", "ackmode=reject_requeue_true"),
    shop("get and take", "get", "queue=mails", "ackmode=ack_requeue_false"),
    shop("get and reject", "get", "queue=mails", "ackmode=reject_requeue_false"),
    shop("get what is left", "-f", "kvp", "get", "queue=mails", "count=5"),
    shop("get without a queue", "get"),
    shop("get from no queue", "get", "queue=nope"),
    shop("publish to a full queue", "publish", "routing_key=short", "payload=1"),
    shop("purge queue with messages", "purge", "queue", "name=mails"),
    shop("get after the purge", "get", "queue=mails"),
  ],
};
