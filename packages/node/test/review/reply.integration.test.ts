import { expect, test } from "vitest";
import { RawClient } from "../integration/raw-client.ts";
import { TestNode } from "../integration/start-node.ts";

test.each(["normal", "tx"])(
  "a mandatory direct reply on a %s channel is returned and delivered",
  async (mode) => {
    await using node = await TestNode.start();
    await using client = await RawClient.open(node);
    await client.openChannel(1);
    await client.openChannel(2);
    await client.call(1, "queue.declare", { queue: "requests" });
    await client.call(1, "basic.consume", { queue: "amq.rabbitmq.reply-to", noAck: true });
    client.publish(1, { routingKey: "requests" }, "", { replyTo: "amq.rabbitmq.reply-to" });
    const request = await client.get(2, "requests");
    const at = 3; // Behind flags and the size of the only property.
    const routingKey = request?.properties.toString("latin1", at) ?? "";
    if (mode === "tx") await client.call(2, "tx.select");
    client.publish(2, { routingKey, mandatory: true }, "reply");
    if (mode === "tx") await client.call(2, "tx.commit");
    expect((await client.next("basic.return")).body.toString()).toBe("reply");
    expect((await client.next("basic.deliver")).body.toString()).toBe("reply");
  },
);
