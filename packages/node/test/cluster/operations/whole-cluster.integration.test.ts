import { describe, expect, test } from "vitest";
import { eventually } from "../../shell/cluster-steps.ts";
import { OperatedCluster } from "./operated-cluster.ts";

const TEST_MAX_MS = 60_000;

describe("what tools see of a cluster", { timeout: TEST_MAX_MS }, () => {
  test("listings show the clients of all nodes, whichever is asked", async () => {
    await using rig = await OperatedCluster.start();
    await rig.declare(0, "q");
    for (const index of [0, 1, 2]) {
      const channel = await rig.channel(index);
      await channel.prefetch(index + 1);
      await channel.consume("q", () => undefined, {
        consumerTag: `c${index}`,
        noAck: index === 2,
        arguments: { "x-priority": index },
      });
    }
    const names = [0, 1, 2].map((index) => rig.name(index));
    for (const index of [0, 1, 2]) {
      const connections = await rig.ask(index, "list_connections", { columns: ["pid", "state"] });
      expect(nodesOf(connections)).toEqual(names);
      const channels = await rig.ask(index, "list_channels", { columns: ["pid", "number"] });
      expect(nodesOf(channels)).toEqual(names);
      const columns = ["consumer_tag", "ack_required", "prefetch_count", "active", "arguments"];
      const consumers = await rig.ask(index, "list_consumers", { vhost: "/", columns });
      expect([...(consumers as unknown[][])].sort()).toEqual(
        [0, 1, 2].map((at) => [
          `c${at}`,
          at !== 2,
          at + 1,
          true,
          { table: [["x-priority", expect.any(String), at]] },
        ]),
      );
    }
    const columns = ["name", "consumers", "messages"];
    await eventually(async () => {
      expect(await rig.ask(2, "list_queues", { vhost: "/", columns })).toEqual([["q", 3, 0]]);
    });
    const [[connectedAt]] = (await rig.ask(1, "list_connections", {
      columns: ["connected_at"],
    })) as [[number]];
    expect(Math.abs(Date.now() - connectedAt)).toBeLessThan(TEST_MAX_MS);
    await rig.node(2).kill();
    await eventually(async () => {
      const left = await rig.ask(0, "list_connections", { columns: ["pid"] });
      expect(nodesOf(left)).toEqual(names.slice(0, 2));
    });
  });

  test("connections are closed from any node: one by its pid, or those of a vhost or user", async () => {
    await using rig = await OperatedCluster.start();
    const closed: number[] = [];
    for (const index of [0, 1, 2]) {
      const connection = await rig.connect(index);
      connection.on("close", () => closed.push(index));
    }
    const rows = (await rig.ask(0, "list_connections", { columns: ["pid"] })) as [string][];
    const pid = rows.map(([text]) => text).find((text) => text.includes(rig.name(2)));
    await rig.ask(1, "close_connection", { pid, reason: "bye" });
    await eventually(() => expect(closed).toEqual([2]));
    const asked = { vhost: "/", delayMs: 0, reason: "bye" };
    expect(await rig.ask(2, "close_all_connections", { ...asked, limit: 1 })).toBe(1);
    await eventually(() => expect(closed.length).toBe(2));
    expect(await rig.ask(2, "close_all_connections", { ...asked, user: "guest" })).toBe(1);
    await eventually(() => expect(closed.toSorted()).toEqual([0, 1, 2]));
  });

  test("one consumer of a queue that serves one alone is active, wherever the queue is led", async () => {
    await using rig = await OperatedCluster.start();
    const args = { "x-single-active-consumer": true };
    await rig.declare(0, "q", { arguments: args });
    for (const index of [2, 1]) {
      const channel = await rig.channel(index);
      await channel.consume("q", () => undefined, { consumerTag: `c${index}` });
    }
    const columns = ["consumer_tag", "active", "activity_status"];
    for (const index of [0, 1, 2]) {
      const rows = (await rig.ask(index, "list_consumers", { vhost: "/", columns })) as unknown[][];
      expect([...rows].sort()).toEqual([
        ["c1", false, "waiting"],
        ["c2", true, "single_active"],
      ]);
    }
  });

  test("each member says how far it is with the metadata; one leads", async () => {
    await using rig = await OperatedCluster.start();
    await rig.declare(0, "q");
    await eventually(async () => {
      const rows = (await rig.ask(1, "metadata_store_status")) as unknown[][];
      expect(rows.map(([name]) => name)).toEqual([rig.name(0), rig.name(1), rig.name(2)]);
      expect(rows.map(([, role]) => role).sort()).toEqual(["follower", "follower", "leader"]);
      expect(rows.map(([, , membership]) => membership)).toEqual(["voter", "voter", "voter"]);
      const applied = rows.map((row) => row[5]);
      expect(new Set(applied).size).toBe(1);
    });
  });

  test("counts and sizes of a queue are those of its leader", async () => {
    await using rig = await OperatedCluster.start();
    await rig.declare(0, "q");
    const channel = await rig.channel(0);
    for (let at = 0; at < 3; at++) {
      channel.sendToQueue("q", Buffer.alloc(100), { persistent: at < 2 });
    }
    await channel.waitForConfirms();
    await channel.get("q");
    const columns = [
      ...["messages_ready", "messages_unacknowledged", "messages_persistent", "message_bytes"],
      ...["message_bytes_ready", "message_bytes_unacknowledged", "message_bytes_persistent"],
    ];
    for (const index of [0, 2]) {
      expect(await rig.ask(index, "list_queues", { vhost: "/", columns })).toEqual([
        [2, 1, 2, 300, 200, 100, 200],
      ]);
    }
  });

  test("definitions and limits are exported, imported and set", async () => {
    await using rig = await OperatedCluster.start(2);
    await rig.declare(0, "q");
    const text = (await rig.ask(1, "export_definitions")) as string[];
    const document = JSON.parse(text.join("")) as { queues: { name: string }[] };
    expect(document.queues).toEqual([expect.objectContaining({ name: "q", durable: true })]);
    document.queues = document.queues.map((queue) => ({ ...queue, name: "imported" }));
    await rig.ask(1, "import_definitions", { json: JSON.stringify(document) });
    await eventually(() => expect(rig.record("imported", 0).durable).toBe(true));
    await expect(rig.ask(1, "import_definitions", { json: "{" })).rejects.toMatchObject({
      code: "validation_failed",
    });
    await rig.ask(0, "set_vm_memory_high_watermark", { absolute: "64GiB" });
    expect(rig.node(0).node.memory.limit).toBe(64 * 1024 ** 3);
    await rig.ask(0, "set_vm_memory_high_watermark", { relative: 0.5 });
    const { limit, total } = rig.node(0).node.memory;
    expect(limit).toBe(Math.trunc(total / 2));
    await expect(
      rig.ask(0, "set_vm_memory_high_watermark", { absolute: "much" }),
    ).rejects.toMatchObject({ code: "bad_argument" });
    await expect(rig.ask(0, "set_disk_free_limit", { absolute: "1GB" })).rejects.toMatchObject({
      code: "not_supported",
    });
  });
});

/** Of rows that begin with a pid. */
function nodesOf(rows: unknown): string[] {
  const pids = (rows as [string][]).map(([pid]) => /^<(\S+?)\.\d/.exec(pid)?.[1] ?? pid);
  return pids.sort();
}
