import { describe, expect, test } from "vitest";
import type { ClusterRecord } from "../../../src/cluster/members/cluster-record.ts";
import { type KnownMember, MemberBook } from "../../../src/cluster/members/member-book.ts";
import { SILENT_LOGGING } from "../../../src/logger.ts";

const RECORD: ClusterRecord = {
  clusterId: "c",
  nodeId: 1,
  generation: 1,
  epoch: 1,
  nodeName: "rabbit@a",
  members: [
    { nodeId: 1, name: "rabbit@a", address: "a:1" },
    { nodeId: 2, name: "rabbit@b", address: "b:1" },
  ],
  running: [1, 2],
};

describe("MemberBook", () => {
  test("believes the file until the metadata are there", () => {
    const { book } = openBook();
    book.setReachable(2, true);
    expect(book.record.running).toEqual([1, 2]);
    book.setReachable(2, false);
    expect(book.record.running).toEqual([1, 2]);
  });

  test("counts those as running that the metadata name so and that can be reached", () => {
    const { book } = openBook();
    book.setReachable(2, true);
    book.update([member(1, "running"), member(2, "running"), member(3, "running")]);
    expect(book.record.running).toEqual([1, 2]);
    book.update([member(1, "running"), member(2, "stopped"), member(3, "running")]);
    expect(book.record.running).toEqual([1]);
  });

  test("knows best where it is itself", () => {
    const { book } = openBook();
    book.update([{ ...member(1, "running"), address: "elsewhere:1" }, member(2, "running")]);
    expect(book.addressOf(1)).toBe("a:1");
  });

  test("goes by what a member has told until the metadata say the same", () => {
    const { book } = openBook();
    expect(book.heard(2, "b:2")).toBe(true);
    expect(book.heard(2, "b:2")).toBe(false);
    book.update([member(1, "running"), member(2, "running")]);
    expect(book.addressOf(2)).toBe("b:2");
    book.update([member(1, "running"), { ...member(2, "running"), address: "b:2" }]);
    book.update([member(1, "running"), { ...member(2, "running"), address: "b:3" }]);
    expect(book.addressOf(2)).toBe("b:3");
  });

  test("writes the newest state, one write at a time", async () => {
    const { book, saved, finish } = openBook();
    book.update([member(1, "running")]);
    book.update([member(1, "running"), member(3, "running")]);
    expect(saved).toHaveLength(1);
    finish();
    await book.settled();
    expect(saved.map(({ members }) => members.map(({ nodeId }) => nodeId))).toEqual([[1], [1, 3]]);
    await book.settled();
    expect(saved).toHaveLength(2);
  });
});

function member(nodeId: number, state: KnownMember["state"]): KnownMember {
  const letter = "abc"[nodeId - 1];
  return { nodeId, name: `rabbit@${letter}`, address: `${letter}:1`, state };
}

/** Writes take until `finish`. */
function openBook() {
  const saved: ClusterRecord[] = [];
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const book = new MemberBook(RECORD, {
    log: SILENT_LOGGING.root,
    save: (record) => {
      saved.push(record);
      return finished;
    },
  });
  return { book, saved, finish };
}
