import { describe, expect, test } from "vitest";
import { eventually } from "../../shell/cluster-steps.ts";
import { OperatedCluster } from "./operated-cluster.ts";

const EVERYTHING = { vhostPattern: ".*", queuePattern: ".*" };
const TEST_MAX_MS = 60_000;

describe("operations on the replicas of queues", { timeout: TEST_MAX_MS }, () => {
  test("quorum_status names the replicas with their logs, from any node", async () => {
    await using rig = await OperatedCluster.start();
    await rig.declareQuorum(1, "q");
    const channel = await rig.channel(0);
    channel.sendToQueue("q", Buffer.from("x"));
    await channel.waitForConfirms();
    await rig.waitForReplicas("q", [0, 1, 2], { leader: 1, from: 2 });
    await eventually(async () => {
      const status = await rig.operations(2).quorumStatus("/", "q");
      expect(status.map(({ node, raftState }) => [node, raftState])).toEqual([
        [rig.name(0), "follower"],
        [rig.name(1), "leader"],
        [rig.name(2), "follower"],
      ]);
      const [first] = status;
      expect(first?.logIndex).toBeGreaterThan(1);
      for (const replica of status) {
        expect(replica).toEqual({ ...first, node: replica.node, raftState: replica.raftState });
        expect(replica.commitIndex).toBe(replica.logIndex);
      }
    });
    await rig.node(0).kill();
    await eventually(async () => {
      const [killed] = await rig.operations(2).quorumStatus("/", "q");
      expect(killed).toMatchObject({ node: rig.name(0), raftState: "noproc", term: undefined });
    });
  });

  test("members are added and removed from any node, one queue or all", async () => {
    await using rig = await OperatedCluster.start();
    await rig.declareQuorum(0, "one", 1);
    await rig.declareQuorum(1, "two", 1);
    await rig.declare(0, "classic");
    await rig.operations(2).addMember("/", "one", rig.name(2));
    await rig.operations(2).addMember("/", "one", rig.name(2));
    await rig.waitForReplicas("one", [0, 2], { leader: 0 });
    expect(await rig.operations(1).grow(rig.name(1), "even", EVERYTHING)).toEqual([
      { vhost: "/", name: "one", size: 3, error: undefined },
    ]);
    await rig.waitForReplicas("one", [0, 1, 2], { leader: 0 });
    await rig.operations(1).deleteMember("/", "one", rig.name(0));
    await rig.waitForReplicas("one", [1, 2]);
    expect(await rig.operations(0).shrink(rig.name(1))).toEqual([
      { vhost: "/", name: "one", size: 1, error: undefined },
      { vhost: "/", name: "two", size: 1, error: "last_node" },
    ]);
    await rig.waitForReplicas("one", [2], { leader: 2 });
  });

  test("refuses what cannot be", async () => {
    await using rig = await OperatedCluster.start(2);
    await rig.declareQuorum(0, "q", 1);
    await rig.declare(0, "classic");
    const operations = rig.operations(1);
    const refusals: readonly (readonly [Promise<unknown>, object])[] = [
      [operations.addMember("/", "no", rig.name(0)), { problem: "no_such_queue" }],
      [operations.addMember("/", "classic", rig.name(1)), { problem: "not_supported" }],
      [operations.addMember("/", "q", "rabbit@no"), { problem: "not_a_cluster_node" }],
      [operations.deleteMember("/", "q", rig.name(0)), { problem: "last_member" }],
      [operations.transferLeadership("/", "q", rig.name(1)), { problem: "not_a_member" }],
      [operations.quorumStatus("/", "classic"), { problem: "not_supported" }],
      [operations.sync("/", "classic"), { problem: "not_supported", message: "not_mirrored" }],
      [operations.sync("/", "q"), { problem: "not_supported" }],
      [operations.grow("rabbit@no", "all", EVERYTHING), { problem: "not_a_cluster_node" }],
      [operations.rebalance("all", { ...EVERYTHING, queuePattern: "(" }), { problem: "failed" }],
    ];
    for (const [refused, reason] of refusals) await expect(refused).rejects.toMatchObject(reason);
  });

  test("leadership goes where it is sent, and is spread evenly", async () => {
    await using rig = await OperatedCluster.start();
    for (let at = 0; at < 4; at++) await rig.declareQuorum(0, `q${at}`);
    for (let at = 0; at < 2; at++) await rig.declareQuorum(0, `other${at}`);
    for (let at = 0; at < 4; at++) await rig.waitForReplicas(`q${at}`, [0, 1, 2], { leader: 0 });
    await rig.operations(1).transferLeadership("/", "q0", rig.name(2));
    await eventually(async () => {
      for (const at of [0, 1, 2]) expect((await rig.info("q0", at)).leader).toBe(rig.name(2));
    });
    const selection = { vhostPattern: "^/$", queuePattern: "^q" };
    const counts = await rig.operations(1).rebalance("quorum", selection);
    expect(counts.map(({ quorum }) => quorum).sort()).toEqual([1, 1, 2]);
    expect(counts.map(({ node }) => node)).toEqual([0, 1, 2].map((at) => rig.name(at)));
    for (const at of [0, 1]) expect((await rig.info(`other${at}`)).leader).toBe(rig.name(0));
    const all = await rig.operations(2).rebalance("all", EVERYTHING);
    expect(all.map(({ quorum }) => quorum)).toEqual([2, 2, 2]);
    expect(await rig.operations(0).rebalance("classic", EVERYTHING)).toEqual(
      [0, 1, 2].map((at) => ({ node: rig.name(at), quorum: 0, classic: 0 })),
    );
  });

  test("tells whose end would cost quorums or the last synchronised mirror", async () => {
    await using rig = await OperatedCluster.start();
    await rig.declareQuorum(0, "safe", 3);
    await rig.declareQuorum(1, "alone", 1);
    await rig.waitForReplicas("safe", [0, 1, 2]);
    expect(await rig.operations(0).quorumCritical()).toEqual([]);
    expect(await rig.operations(1).quorumCritical()).toEqual([{ vhost: "/", name: "alone" }]);
    await rig.declare(0, "mirrored");
    // It would have synchronised mirrors at once if it were empty.
    const channel = await rig.channel(0);
    channel.sendToQueue("mirrored", Buffer.from("x"), { persistent: true });
    await channel.waitForConfirms();
    expect(await rig.operations(0).mirrorSyncCritical()).toEqual([]);
    await rig.setPolicy("ha", "^mirrored$", { "ha-mode": "all" });
    await eventually(async () => {
      const critical = await rig.operations(0).mirrorSyncCritical();
      expect(critical).toEqual([{ vhost: "/", name: "mirrored" }]);
    });
    await rig.setPolicy("ha", "^mirrored$", { "ha-mode": "all", "ha-sync-mode": "automatic" });
    await eventually(async () => {
      expect(await rig.operations(0).mirrorSyncCritical()).toEqual([]);
    });
    expect(await rig.operations(1).mirrorSyncCritical()).toEqual([]);
    await rig.node(2).kill();
    await eventually(async () => {
      expect(await rig.operations(0).quorumCritical()).toEqual([{ vhost: "/", name: "safe" }]);
    });
  });
});
