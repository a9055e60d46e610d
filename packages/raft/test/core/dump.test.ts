import { describe, expect, it } from "vitest";
import { nodeIdOf, replicaIdOf } from "../../src/core/ids.ts";
import { MessageType } from "../../src/core/message.ts";
import { readyLeaderOf } from "./fake-group.ts";
import { FakeHost } from "./fake-host.ts";
import { appendOf, EPOCH, GROUP, message, r } from "./make.ts";

describe("what can be seen of a core", () => {
  it("is a plain object with all of its state, equal for equal histories", () => {
    const make = (): FakeHost => {
      const host = new FakeHost({ terms: [1] });
      host.receive(appendOf(1, 2, 1, [1], { commit: 2 }));
      host.core.forgetLeader();
      host.core.campaign();
      host.core.step(message({ type: MessageType.PreVoteReply, term: 2 }));
      host.core.step(message({ type: MessageType.RequestVoteReply, term: 2, from: r(3) }));
      return host;
    };
    const [left, right] = [make().core.dump(), make().core.dump()];
    expect(JSON.stringify(left)).toBe(JSON.stringify(right));
    expect(JSON.parse(JSON.stringify(left))).toMatchObject({
      role: "candidate",
      currentTerm: 2,
      votes: [[r(3), true]],
      log: { lastIndex: 3, tail: ["3:1"] },
    });
  });

  it("tells what a leader knows of its members", () => {
    const dump = JSON.parse(JSON.stringify(readyLeaderOf().core.dump()));
    expect(dump.progress).toMatchObject([
      { replica: r(1), match: 2 },
      { replica: r(2), state: "replicate" },
      { replica: r(3) },
    ]);
  });

  it("names the replica, its group and where its log begins", () => {
    const { core } = new FakeHost();
    expect([core.self, core.groupId, core.groupEpoch, core.firstIndex]).toEqual([
      r(1),
      GROUP,
      EPOCH,
      2,
    ]);
  });
});

describe("replica ids", () => {
  it("are made of a node and a generation", () => {
    expect([replicaIdOf(1, 1), replicaIdOf(65_535, 65_535)]).toEqual([0x10001, 0xffff_ffff]);
    expect(nodeIdOf(replicaIdOf(65_535, 3))).toBe(65_535);
    for (const [node, generation] of [
      [0, 1],
      [65_536, 1],
      [1, 0],
      [1, 65_536],
      [Number.NaN, 1],
    ] as const) {
      expect(() => replicaIdOf(node, generation)).toThrow(RangeError);
    }
  });
});
