import { describe, expect, it } from "vitest";
import { type Entry, EntryType } from "../../src/core/entry.ts";
import { MessageType, type RaftMessage } from "../../src/core/message.ts";
import { Random } from "../../src/core/random.ts";
import { readyLeaderOf } from "./fake-group.ts";
import { FakeHost } from "./fake-host.ts";
import { appendOf, confOf, EPOCH, entryOf, GROUP, message, r } from "./make.ts";

const TYPES = Object.values(MessageType);
const ODD = [0, 1, 2, 3, 4, 5, 6, 7, 9, 20, 1_000, 2 ** 31, 2 ** 47, -1];

function pick<T>(random: Random, values: readonly T[], otherwise: T): T {
  return values[random.below(values.length)] ?? otherwise;
}

function randomEntries(random: Random, index: number, term: number): Entry[] {
  const isInOrder = random.below(3) > 0;
  return Array.from({ length: random.below(4) }, (_, at) => {
    const type = random.below(8) === 0 ? EntryType.ConfChange : EntryType.Command;
    const entry = isInOrder
      ? entryOf(Math.max(0, index) + 1 + at, Math.max(0, term - random.below(2)))
      : entryOf(random.below(9), random.below(9));
    return { ...entry, type };
  });
}

/** Any message, most of them nearly right. */
function randomMessage(random: Random): RaftMessage {
  const number = (): number => pick(random, ODD, 0);
  const near = (): number => random.below(8);
  const term = random.below(4) === 0 ? number() : 1 + random.below(4);
  const index = random.below(3) === 0 ? number() : near();
  const snapshot = { index: near() * 2, term: near(), conf: confOf([1, 2, 3]) };
  return {
    type: pick(random, TYPES, 1),
    groupId: random.below(20) === 0 ? GROUP + 1 : GROUP,
    epoch: random.below(20) === 0 ? EPOCH + 1 : EPOCH,
    from: r(random.below(6) + 1) + random.below(2),
    to: random.below(20) === 0 ? r(2) : r(1),
    term,
    index,
    logTerm: near(),
    commit: random.below(3) === 0 ? number() : near(),
    hint: random.below(3) === 0 ? number() : near(),
    context: near(),
    reject: random.below(2) === 0,
    entries: randomEntries(random, index, term),
    snapshot: random.below(4) === 0 ? undefined : snapshot,
  };
}

describe("a term that leaves no room for elections", () => {
  it("is a fault of its sender, and not taken over: the next one could not be stored", () => {
    const host = new FakeHost();
    const type = MessageType.RequestVote;
    expect(host.core.step(message({ type, term: 2 ** 48 - 1 }))).toBe("ignored:term-too-high");
    expect(host.core.currentTerm).toBe(1);
  });
});

const MAKERS: readonly (readonly [string, () => FakeHost])[] = [
  ["a follower", () => new FakeHost({ terms: [1, 1, 2], commit: 2 })],
  ["a leader", () => readyLeaderOf({ terms: [1, 1] })],
  ["a learner", () => new FakeHost({ terms: [1, 1], conf: confOf([2, 3], [1]) })],
  [
    "a replica that waits to be added",
    () => new FakeHost({ conf: confOf([]), base: { index: 0, term: 0 }, applied: 0, term: 0 }),
  ],
  [
    "a group of one",
    () => readyLeaderOf({ conf: confOf([1]), config: { appliesBeforeDurable: true } }),
  ],
];

/** What happens between two messages. */
function act(random: Random, host: FakeHost): void {
  switch (random.below(8)) {
    case 0:
      host.settle();
      return;
    case 1:
      host.core.tick(random.below(30));
      return;
    case 2:
      host.core.campaign();
      return;
    case 3:
      if (host.core.propose(Buffer.from("x")).ok) host.flush();
      return;
    case 4:
      host.core.readIndex(random.below(100));
      return;
    default:
      host.flush();
  }
}

describe("whatever a confused peer says", () => {
  it.each(MAKERS)("%s never contradicts itself, and always comes to rest", (_, make) => {
    for (let seed = 1; seed <= 150; seed++) {
      const random = new Random(seed);
      const host = make();
      let { currentTerm, commitIndex } = host.core;
      for (let step = 0; step < 60; step++) {
        const reply = host.core.step(randomMessage(random));
        expect(reply === "" || reply.startsWith("ignored:")).toBe(true);
        act(random, host);
        expect(host.core.currentTerm).toBeGreaterThanOrEqual(currentTerm);
        expect(host.core.commitIndex).toBeGreaterThanOrEqual(commitIndex);
        expect(host.core.commitIndex).toBeLessThanOrEqual(host.core.lastIndex);
        ({ currentTerm, commitIndex } = host.core);
      }
      host.settle();
      expect(host.core.hasReady()).toBe(false);
      expect(host.core.uncommittedBytes).toBeGreaterThanOrEqual(0);
    }
  });

  it.each([
    ["other-group", { groupId: GROUP + 1 }],
    ["other-epoch", { epoch: EPOCH + 1 }],
    ["other-replica", { to: r(1) + 1 }],
    ["own-message", { from: r(1) }],
    ["own-message", { from: 0 }],
  ])("it is ignored as %s and changes nothing", (why, fields) => {
    const random = new Random(4);
    for (const [, make] of MAKERS) {
      const host = make();
      host.settle();
      const before = JSON.stringify(host.core.dump());
      for (let count = 0; count < 50; count++) {
        const garbage = {
          ...randomMessage(random),
          groupId: GROUP,
          epoch: EPOCH,
          to: r(1),
          ...fields,
        };
        expect(host.core.step(garbage)).toBe(`ignored:${why}`);
      }
      expect(JSON.stringify(host.core.dump())).toBe(before);
    }
  });

  it("an unknown type changes nothing, not even the term", () => {
    const host = new FakeHost();
    // A type that only a later version knows cannot be written in this one.
    const strange = {
      ...message({ type: MessageType.Heartbeat, term: 9 }),
      type: 99 as MessageType,
    };
    expect([host.core.step(strange), host.core.currentTerm]).toEqual(["ignored:unknown-type", 1]);
  });

  it("a repeated message changes nothing more", () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = new Random(seed);
      const host = new FakeHost({ terms: [1, 1, 2], commit: 2 });
      host.settle();
      const garbage = { ...appendOf(3, 3, 1, [2, 3]), commit: random.below(6) };
      host.receive(garbage);
      const { lastIndex, commitIndex, currentTerm } = host.core;
      host.receive(garbage, garbage);
      expect([host.core.lastIndex, host.core.commitIndex, host.core.currentTerm]).toEqual([
        lastIndex,
        commitIndex,
        currentTerm,
      ]);
    }
  });
});
