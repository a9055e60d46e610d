import { describe, expect, it } from "vitest";
import { cutOf, PARTITION_KINDS } from "../../src/sim/partitions.ts";
import { Random } from "../../src/sim/random.ts";

const HOSTS = [1, 2, 3, 4, 5];

function reach(cut: readonly (readonly [number, number])[], from: number): number[] {
  return HOSTS.filter(
    (to) =>
      to === from || !cut.some(([a, b]) => (a === from && b === to) || (a === to && b === from)),
  );
}

describe("partitions", () => {
  it.each(PARTITION_KINDS)("cut something in the way of a %s", (kind) => {
    const random = new Random(11);
    for (let attempt = 0; attempt < 50; attempt++) {
      const cut = cutOf(kind, HOSTS, random);
      expect(cut.length).toBeGreaterThan(0);
      for (const [from, to] of cut) expect(from).not.toBe(to);
      const isBothWays = cut.every(([from, to]) => cut.some(([a, b]) => a === to && b === from));
      expect(isBothWays).toBe(kind !== "asymmetric" && kind !== "one-way");
    }
  });

  it("leave each host of a ring a majority, but not the same", () => {
    const cut = cutOf("ring", HOSTS, new Random(3));
    const reached = HOSTS.map((host) => reach(cut, host));
    for (const hosts of reached) expect(hosts.length).toBe(3);
    expect(new Set(reached.map(String)).size).toBe(5);
  });

  it("leave exactly one host that reaches both sides of a bridge", () => {
    const cut = cutOf("bridge", HOSTS, new Random(4));
    expect(HOSTS.filter((host) => reach(cut, host).length === 5).length).toBe(1);
  });
});
