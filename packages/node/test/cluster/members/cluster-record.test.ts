import { describe, expect, test } from "vitest";
import {
  type ClusterRecord,
  ClusterRecordError,
  decodeClusterRecord,
  encodeClusterRecord,
} from "../../../src/cluster/members/cluster-record.ts";

const RECORD: ClusterRecord = {
  clusterId: "7e3b",
  nodeId: 2,
  generation: 1,
  epoch: 3,
  nodeName: "rabbit@b",
  members: [
    { nodeId: 1, name: "rabbit@a", address: "a:25672" },
    { nodeId: 2, name: "rabbit@b", address: "b:25672" },
  ],
  running: [1, 2],
};

describe("cluster.json", () => {
  test("comes back as it was written", () => {
    expect(decodeClusterRecord(encodeClusterRecord(RECORD))).toEqual(RECORD);
  });

  test("is refused wherever it is cut", () => {
    const text = encodeClusterRecord(RECORD).trimEnd();
    for (let end = 0; end < text.length; end++) {
      expect(() => decodeClusterRecord(text.slice(0, end)), `cut at ${end}`).toThrow(
        ClusterRecordError,
      );
    }
  });

  test.each([
    ["a format of a later version", { format: 2 }, "it has format 2, not 1"],
    ["no cluster", { clusterId: "" }, "clusterId is no text"],
    ["a node id that cannot be", { nodeId: 65_536 }, "nodeId is no number of a node"],
    ["members that are none", { members: "all" }, "members is no list"],
    ["a member without address", { members: [{ nodeId: 2, name: "b" }] }, "address is no text"],
    ["members without this node", { members: RECORD.members.slice(0, 1) }, "this node is not"],
    ["running nodes that are none", { running: ["a"] }, "running is no number"],
  ])("refuses %s", (_name, change, problem) => {
    const text = JSON.stringify({ format: 1, ...RECORD, ...change });
    expect(() => decodeClusterRecord(text)).toThrow(problem);
  });
});
