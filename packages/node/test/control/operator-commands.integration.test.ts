import { type ChannelModel, connect } from "amqplib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ControlledBroker } from "./controlled-broker.ts";
import { type CliResult, leveretctl } from "./run-leveretctl.ts";

/** Each command is a process of its own. */
const TEST_MAX_MS = 60_000;

let node: ControlledBroker;
let client: ChannelModel;

beforeAll(async () => {
  node = await ControlledBroker.start();
  client = await connect(`amqp://guest:guest@127.0.0.1:${node.amqpPort}`);
}, TEST_MAX_MS);

afterAll(async () => {
  await client.close();
  await node[Symbol.asyncDispose]();
});

function ctl(...args: readonly string[]): Promise<CliResult> {
  return leveretctl(node.port, args);
}

describe("leveretctl, for who looks into a broker", { timeout: TEST_MAX_MS }, () => {
  test("shows messages that stay as they are", async () => {
    const channel = await client.createConfirmChannel();
    await channel.assertQueue("orders");
    for (const body of ["one", "two", "three"]) {
      channel.sendToQueue("orders", Buffer.from(body), { persistent: true });
    }
    await channel.waitForConfirms();
    const peeked = await ctl("peek", "orders", "--offset", "1", "--formatter", "json");
    expect(peeked).toMatchObject({ code: 0, error: "" });
    expect(peeked.out).toContain("two");
    expect(peeked.out).toContain("three");
    expect(peeked.out).not.toContain("one");
    const first = await channel.get("orders");
    expect(first).toMatchObject({ fields: { redelivered: false, messageCount: 2 } });
    await channel.close();
    expect((await ctl("peek", "nonsuch")).code).toBe(69);
  });

  test("protects a vhost from deletion", async () => {
    expect((await ctl("add_vhost", "safe")).code).toBe(0);
    expect((await ctl("enable_vhost_deletion_protection", "safe")).code).toBe(0);
    const refused = await ctl("delete_vhost", "safe");
    expect(refused.code).not.toBe(0);
    expect(refused.error).toContain("protected from deletion");
    const { out } = await ctl("list_vhosts", "name", "protected_from_deletion", "--silent");
    expect(out).toContain("safe\ttrue");
    expect((await ctl("disable_vhost_deletion_protection", "safe")).code).toBe(0);
    expect((await ctl("delete_vhost", "safe")).code).toBe(0);
  });

  test("says where a message would go", async () => {
    const channel = await client.createChannel();
    await channel.assertQueue("audit");
    await channel.bindQueue("audit", "amq.topic", "order.#");
    await channel.close();
    const [found, lost] = await Promise.all([
      ctl("explain", "publish", "amq.topic", "order.new"),
      ctl("explain", "publish", "amq.topic", "other"),
    ]);
    expect(found).toMatchObject({ code: 0, error: "" });
    expect(found.out).toMatch(/order\.#[\s\S]*audit/);
    expect(lost.out).toContain("The message matches no queue");
    expect(lost.out).toContain(
      "queue 'audit' by 'order.#': the pattern does not match the routing key",
    );
  });

  test("shows what is busy once, and what happened", async () => {
    const [top, tail, sizes, attempts] = await Promise.all([
      ctl("top", "--once"),
      ctl("log_tail"),
      ctl("message_size_stats", "--formatter", "json"),
      ctl("list_node_auth_attempts", "-q"),
    ]);
    expect(top).toMatchObject({ code: 0, error: "" });
    expect(top.out).toContain("orders");
    expect(tail).toMatchObject({ code: 0, error: "" });
    expect(JSON.parse(sizes.out)[0]).toEqual({
      "Message Size": "below 100B",
      Count: 3,
      Percentage: "100.00",
    });
    expect(attempts.out).toMatch(/^protocol\t.*\namqp091\t\d+\t\d+\t\d+\n$/);
    const events = await ctl("consume_event_stream", "-d", "1");
    expect(events).toMatchObject({ code: 0, error: "" });
    expect(await ctl("reset_stats_db", "--all")).toEqual({
      code: 0,
      out: "Resetting statistics database in all nodes\n",
      error: "",
    });
  });

  test("is rabbitmq-plugins by that name", async () => {
    const program = "rabbitmq-plugins";
    const enabled = await leveretctl(node.port, ["is_enabled", "rabbitmq_management"], { program });
    expect(enabled).toMatchObject({ code: 0, error: "" });
    const gone = await leveretctl(node.port, ["is_enabled", "rabbitmq_mqtt"], { program });
    expect(gone.code).not.toBe(0);
  });
});
