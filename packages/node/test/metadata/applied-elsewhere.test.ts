import { describe, expect, test } from "vitest";
import { METADATA_SPREAD_MS } from "../../src/limits.ts";
import { encodeMetadataCommand } from "../../src/metadata/codec/command-codec.ts";
import { encodeMetadataEntry } from "../../src/metadata/codec/entry-codec.ts";
import type { MetadataCommand } from "../../src/metadata/commands.ts";
import { ReplicaRig } from "./replica-rig.ts";

/** Life 7 of node 1 is the one of the rig. */
const LIFE = 7;

/** A cluster of three whose members all run; node 1 can reach nodes 2 and 3. */
function rigOfThree(): ReplicaRig {
  const rig = new ReplicaRig();
  for (const [at, nodeId] of [1, 2, 3].entries()) {
    const address = `127.0.0.1:${nodeId}`;
    const name = `rabbit@node-${nodeId}`;
    rig.commit(entry(9, at + 1, { type: "memberStarted", nodeId, name, address }));
  }
  rig.link.others = [2, 3];
  rig.link.told.length = 0;
  return rig;
}

function entry(nodeId: number, seq: number, command: MetadataCommand): Uint8Array {
  return encodeMetadataEntry({ nodeId, incarnation: LIFE, seq }, encodeMetadataCommand(command));
}

describe("a change of metadata", () => {
  test("is answered when all nodes that can be reached have applied it", () => {
    const rig = rigOfThree();
    rig.add("a");
    rig.commit(entry(1, 1, { type: "addVhost", name: "a" }));
    expect([rig.vhosts, rig.answers]).toEqual([["a"], []]);
    rig.metadata.onAppliedElsewhere(2, LIFE, 1);
    expect(rig.answers).toEqual([]);
    rig.metadata.onAppliedElsewhere(3, LIFE - 1, 5);
    expect(rig.answers).toEqual([]);
    rig.metadata.onAppliedElsewhere(3, LIFE, 2);
    expect(rig.answers).toEqual(["a: ok"]);
  });

  test("waits for none that has said so before, nor for one that does not run", () => {
    const rig = rigOfThree();
    rig.commit(entry(9, 4, { type: "memberStopping", nodeId: 3 }));
    rig.metadata.onAppliedElsewhere(2, LIFE, 1);
    rig.add("a");
    rig.commit(entry(1, 1, { type: "addVhost", name: "a" }));
    expect(rig.answers).toEqual(["a: ok"]);
  });

  test("does not wait for a node that is lost, nor for one that is too slow", () => {
    const rig = rigOfThree();
    rig.add("a");
    rig.commit(entry(1, 1, { type: "addVhost", name: "a" }));
    rig.metadata.onPeerLost(2);
    expect(rig.answers).toEqual([]);
    rig.timers.pass(METADATA_SPREAD_MS);
    expect(rig.answers).toEqual(["a: ok"]);
  });

  test("waits for a node that was too slow again when it has caught up", () => {
    const rig = rigOfThree();
    rig.add("a");
    rig.commit(entry(1, 1, { type: "addVhost", name: "a" }));
    rig.metadata.onAppliedElsewhere(2, LIFE, 9);
    rig.timers.pass(METADATA_SPREAD_MS / 2);
    rig.add("b");
    rig.commit(entry(1, 2, { type: "addVhost", name: "b" }));
    rig.timers.pass(METADATA_SPREAD_MS / 2);
    expect(rig.answers).toEqual(["a: ok", "b: ok"]);
    rig.add("c");
    rig.commit(entry(1, 3, { type: "addVhost", name: "c" }));
    expect(rig.answers).toEqual(["a: ok", "b: ok", "c: ok"]);
    rig.metadata.onAppliedElsewhere(3, LIFE, 3);
    rig.add("d");
    rig.commit(entry(1, 4, { type: "addVhost", name: "d" }));
    expect(rig.answers).toEqual(["a: ok", "b: ok", "c: ok"]);
    rig.metadata.onAppliedElsewhere(3, LIFE, 4);
    expect(rig.answers).toEqual(["a: ok", "b: ok", "c: ok", "d: ok"]);
  });

  test("that was refused, or was none, is answered at once", () => {
    const rig = rigOfThree();
    rig.submit("none", { type: "deleteVhost", name: "none" });
    rig.commit(entry(1, 1, { type: "deleteVhost", name: "none" }));
    expect(rig.answers).toEqual(["none: no_such_vhost: Virtual host 'none' does not exist"]);
  });

  test("is answered when the node stops", () => {
    const rig = rigOfThree();
    rig.add("a");
    rig.commit(entry(1, 1, { type: "addVhost", name: "a" }));
    rig.metadata.close();
    expect(rig.answers).toEqual(["a: ok"]);
  });
});

describe("other nodes", () => {
  test("are told how many of their changes are applied here, once in a turn", () => {
    const rig = rigOfThree();
    rig.commit(entry(2, 1, { type: "addVhost", name: "a" }));
    rig.commit(entry(2, 2, { type: "addVhost", name: "b" }));
    rig.commit(entry(3, 1, { type: "addVhost", name: "c" }));
    expect(rig.link.told).toEqual(["node 2, life 7: 1", "node 2, life 7: 2", "node 3, life 7: 1"]);
  });

  test("are told again when they can be reached again", () => {
    const rig = rigOfThree();
    rig.commit(entry(2, 1, { type: "addVhost", name: "a" }));
    rig.link.told.length = 0;
    rig.metadata.onPeerUp(2);
    rig.metadata.onPeerUp(3);
    rig.timers.endTurn();
    expect(rig.link.told).toEqual(["node 2, life 7: 1"]);
  });
});
