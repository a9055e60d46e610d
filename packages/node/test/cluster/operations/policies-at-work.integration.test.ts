import { describe, expect, test } from "vitest";
import { eventually } from "../../shell/cluster-steps.ts";
import { OperatedCluster } from "./operated-cluster.ts";
import { SteadyTraffic } from "./steady-traffic.ts";

const TEST_MAX_MS = 90_000;
const ALL = { "ha-mode": "all", "ha-sync-mode": "automatic" };

function exactly(count: number): object {
  return { "ha-mode": "exactly", "ha-params": count, "ha-sync-mode": "automatic" };
}

describe("policies of mirrored queues at work", { timeout: TEST_MAX_MS }, () => {
  test("queues with traffic get replicas and lose them, while their leaders stay and nothing is lost or repeated", async () => {
    await using rig = await OperatedCluster.start();
    await rig.declare(1, "q");
    const nodes = (...indexes: number[]): object => ({
      "ha-mode": "nodes",
      "ha-params": indexes.map((index) => rig.name(index)),
      "ha-sync-mode": "automatic",
    });
    const traffic = new SteadyTraffic(await rig.channel(0), "q");
    await traffic.consume(await rig.channel(2));
    await traffic.flow();
    const term = rig.termOf("q", 1);
    await rig.setPolicy("ha", "^q$", ALL);
    await rig.waitForReplicas("q", [0, 1, 2], { leader: 1 });
    await traffic.flow();
    await rig.setPolicy("ha", "^q$", exactly(2));
    await eventually(async () => {
      const { members, synchronised, leader } = await rig.info("q", 2);
      expect([members.length, synchronised.length, leader]).toEqual([2, 2, rig.name(1)]);
    });
    await traffic.flow();
    await rig.setPolicy("ha", "^q$", nodes(1, 2), 2);
    await rig.waitForReplicas("q", [1, 2], { leader: 1 });
    await traffic.flow();
    await rig.setPolicy("ha", "^q$", nodes(0, 1), 1);
    await rig.waitForReplicas("q", [0, 1], { leader: 1 });
    await traffic.flow();
    await rig.clearPolicy("ha", 2);
    await rig.waitForReplicas("q", [1], { leader: 1 });
    await traffic.flow();
    expect(await traffic.finish()).toEqual({ lost: 0, repeated: 0 });
    expect(traffic).toMatchObject({ refused: 0, disordered: 0 });
    // Nobody else ever led: so nothing stopped for an election.
    expect(rig.termOf("q", 1)).toBe(term);
  });

  test("a policy that names other nodes moves the queue there, with its leader, its messages and its clients", async () => {
    await using rig = await OperatedCluster.start();
    await rig.declare(0, "q");
    const channel = await rig.channel(2);
    for (let at = 0; at < 500; at++) {
      channel.sendToQueue("q", Buffer.from(`old ${at}`), { persistent: true });
    }
    await channel.waitForConfirms();
    const traffic = new SteadyTraffic(await rig.channel(1), "q");
    const definition = { "ha-mode": "nodes", "ha-params": [rig.name(1), rig.name(2)] };
    await rig.setPolicy("ha", "^q$", { ...definition, "ha-sync-mode": "automatic" });
    await rig.waitForReplicas("q", [1, 2]);
    await traffic.flow();
    const old: string[] = [];
    const reader = await rig.channel(0);
    for (let at = 0; at < 500; at++) {
      const message = await reader.get("q", { noAck: true });
      if (message !== false) old.push(message.content.toString());
    }
    expect(old).toEqual(Array.from({ length: 500 }, (_, at) => `old ${at}`));
    await traffic.consume(await rig.channel(0));
    expect(await traffic.finish()).toEqual({ lost: 0, repeated: 0 });
    expect(traffic).toMatchObject({ refused: 0, disordered: 0 });
  });

  test("mirrors of a queue that is synchronised by hand wait until sync_queue, from any node", async () => {
    await using rig = await OperatedCluster.start();
    await rig.declare(0, "q");
    const channel = await rig.channel(0);
    channel.sendToQueue("q", Buffer.from("old"), { persistent: true });
    await channel.waitForConfirms();
    await rig.setPolicy("ha", "^q$", { "ha-mode": "all" });
    const all = [0, 1, 2].map((index) => rig.name(index));
    for (const index of [0, 1, 2]) {
      await eventually(async () => {
        expect(await rig.info("q", index)).toMatchObject({
          leader: rig.name(0),
          members: all,
          synchronised: [rig.name(0)],
        });
      });
    }
    const columns = ["name", "slave_pids", "synchronised_slave_pids"];
    const id = rig.record("q").groupId;
    const pids = [1, 2].map((index) => `<${rig.name(index)}.2.${id}.0>`);
    expect(await rig.ask(1, "list_queues", { vhost: "/", columns })).toEqual([["q", pids, []]]);
    expect(await rig.operations(2).sync("/", "q")).toBe("started");
    await rig.waitForReplicas("q", [0, 1, 2], { leader: 0, from: 1 });
    expect(await rig.operations(1).sync("/", "q")).toBe("already_synchronised");
    expect(await rig.operations(1).cancelSync("/", "q")).toBe("not_syncing");
    expect(await rig.ask(1, "list_queues", { vhost: "/", columns })).toEqual([["q", pids, pids]]);
  });

  test("they are synchronised without it once the queue has lost what it had, and those of an empty queue at once", async () => {
    await using rig = await OperatedCluster.start();
    await rig.declare(0, "empty");
    await rig.declare(1, "full");
    const channel = await rig.channel(0);
    channel.sendToQueue("full", Buffer.from("old"), { persistent: true });
    await channel.waitForConfirms();
    await rig.setPolicy("ha", ".*", { "ha-mode": "all" }, 2);
    await rig.waitForReplicas("empty", [0, 1, 2], { leader: 0 });
    channel.sendToQueue("full", Buffer.from("new"), { persistent: true });
    await channel.waitForConfirms();
    expect((await rig.info("full")).synchronised).toEqual([rig.name(1)]);
    const old = await channel.get("full");
    if (old === false) throw new Error("the queue is empty");
    channel.ack(old);
    await rig.waitForReplicas("full", [0, 1, 2], { leader: 1 });
  });

  test("quorum queues have as many members as they ask for, on nodes that can have them", async () => {
    await using rig = await OperatedCluster.start();
    for (const size of [1, 3, 5]) await rig.declareQuorum(1, `q${size}`, size);
    await rig.waitForReplicas("q1", [1], { leader: 1 });
    await rig.waitForReplicas("q3", [0, 1, 2], { leader: 1 });
    await rig.waitForReplicas("q5", [0, 1, 2], { leader: 1 });
  });

  test("leaders of new queues are where locators say", async () => {
    await using rig = await OperatedCluster.start();
    const declare = async (name: string, locator: string): Promise<string | undefined> => {
      const args = { "x-queue-type": "quorum", "x-queue-leader-locator": locator };
      await rig.declare(0, name, { arguments: args });
      await rig.waitForReplicas(name, [0, 1, 2]);
      return (await rig.info(name)).leader;
    };
    for (let at = 0; at < 3; at++) {
      expect(await declare(`local${at}`, "client-local")).toBe(rig.name(0));
    }
    const balanced = new Set<string | undefined>();
    for (let at = 0; at < 4; at++) balanced.add(await declare(`balanced${at}`, "balanced"));
    expect(balanced).toEqual(new Set([rig.name(1), rig.name(2)]));
    await rig.setPolicy("masters", "^classic", { "queue-master-locator": "min-masters", ...ALL });
    await rig.declare(0, "classic");
    await rig.waitForReplicas("classic", [0, 1, 2]);
    expect((await rig.info("classic")).leader).not.toBe(rig.name(0));
  });

  test("the configuration says where leaders of queues are that do not say it", async () => {
    await using rig = await OperatedCluster.start(2, {
      configure: (config) => ({
        ...config,
        cluster: { ...config.cluster, queueLeaderLocator: "balanced" },
      }),
    });
    const leaders: (string | undefined)[] = [];
    for (let at = 0; at < 4; at++) {
      await rig.declareQuorum(0, `q${at}`);
      await rig.waitForReplicas(`q${at}`, [0, 1]);
      leaders.push((await rig.info(`q${at}`)).leader);
    }
    expect(leaders.toSorted()).toEqual([0, 0, 1, 1].map((index) => rig.name(index)));
  });

  test("a node that joins gets mirrors of queues that have one everywhere, and makes up for a member that was removed", async () => {
    await using rig = await OperatedCluster.start(4, { start: "none" });
    const [first, ...others] = rig.cluster.nodes;
    if (first === undefined) throw new Error("no node");
    await first.start();
    for (const node of others.slice(0, 2)) {
      await node.open();
      await node.join(first);
      await node.startApp();
    }
    await rig.setPolicy("all", "^all", ALL);
    await rig.setPolicy("two", "^two", exactly(2));
    await rig.declare(0, "all");
    await rig.declareQuorum(0, "quorum");
    await rig.declare(2, "two");
    await rig.waitForReplicas("all", [0, 1, 2], { leader: 0 });
    const traffic = new SteadyTraffic(await rig.channel(1), "all");
    await traffic.consume(await rig.channel(0));
    const last = rig.node(3);
    await last.open();
    await last.join(first);
    await last.startApp();
    await rig.waitForReplicas("all", [0, 1, 2, 3], { leader: 0, from: 3 });
    await rig.waitForReplicas("quorum", [0, 1, 2], { leader: 0 });
    await rig.node(2).stop();
    await rig.node(0).shell.forgetClusterNode(rig.name(2), { offline: false });
    await rig.waitForReplicas("all", [0, 1, 3], { leader: 0, from: 1 });
    await rig.waitForReplicas("quorum", [0, 1, 3], { leader: 0, from: 1 });
    await eventually(async () => {
      const { members, synchronised } = await rig.info("two", 1);
      expect(members).not.toContain(rig.name(2));
      expect([members.length, synchronised.length]).toEqual([2, 2]);
    });
    await traffic.flow();
    expect(await traffic.finish()).toEqual({ lost: 0, repeated: 0 });
    expect(traffic.refused).toBe(0);
  });
});
