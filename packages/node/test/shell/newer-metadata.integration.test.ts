import { connect } from "amqplib";
import { pack } from "msgpackr";
import { describe, expect, test } from "vitest";
import type { ClusterNode } from "../../src/embed/cluster-node.ts";
import { startCluster } from "../../src/embed/start-cluster.ts";
import { encodeMetadataEntry } from "../../src/metadata/codec/entry-codec.ts";
import { eventually, leaderOf, waitForVoters } from "./cluster-steps.ts";

const WHY = "a metadata command has version 2; this program knows 1";

describe("a cluster whose metadata have a command of a newer version", { timeout: 60_000 }, () => {
  test("stops on nodes that cannot read it, and says why at their next start", async () => {
    await using cluster = await startCluster(3);
    const { nodes } = cluster;
    await waitForVoters(nodes);
    const urls = new Map(nodes.map((node) => [node, node.url]));
    const origin = { nodeId: 1, incarnation: 99, seq: 1 };
    const newer = encodeMetadataEntry(origin, pack([2, 2, "of a newer version"]));
    leaderOf(nodes).shell.stores?.storage.metadata.propose(newer, {}, () => undefined);

    // A follower as well as the leader. The third one may never hear that it is committed: then nothing is, any more.
    await eventually(() => expect(nodes.filter(hasStopped).length).toBeGreaterThanOrEqual(2));
    for (const node of nodes.filter(hasStopped)) {
      await expect(connect(urls.get(node) ?? "")).rejects.toThrow("ECONNREFUSED");
    }
    for (const node of nodes) await node.kill();
    for (const node of nodes) await node.open();
    const starts = nodes.map((node) => node.shell.startApp().then(() => "started", String));
    expect(await Promise.race(starts)).toContain(WHY);
  });
});

function hasStopped({ shell }: ClusterNode): boolean {
  return shell.stores?.storage.metadata.status().stoppedBecause?.includes(WHY) === true;
}
