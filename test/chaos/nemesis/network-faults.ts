import { setTimeout as delay } from "node:timers/promises";
import type { CutStyle } from "../../../packages/node/test/cluster/partition/network/network-cuts.ts";
import type { Random } from "../../../packages/raft/src/core/random.ts";
import {
  ALL_PRODUCTS,
  type Fault,
  type Nemesis,
  type NemesisContext,
  namesOf,
  pick,
} from "./nemesis.ts";

const STYLES: readonly CutStyle[] = ["silent", "unreachable", "reset"];
/** How long each state of a flapping link lasts. */
const FLAP_MIN_MS = 200;
const FLAP_SPREAD_MS = 2000;
const LOSS_MIN = 0.05;
const LOSS_SPREAD = 0.25;
/** Of a slow link, each way. */
const DELAY_MIN_MS = 20;
const DELAY_SPREAD_MS = 250;
const JITTER_SPREAD_MS = 100;
const SLOW_BYTES_PER_SECOND = 200_000;

/** Nodes that do not hear each other: from, to. */
type Pair = readonly [number, number];

interface Cut {
  readonly text: string;
  readonly pairs: readonly Pair[];
}

const BASE = { needs: [], products: ALL_PRODUCTS } as const;

export const NETWORK_NEMESES: readonly Nemesis[] = [
  cutting("partition-halves", "the network in two parts, at random", 5, halves),
  cutting(
    "partition-ring",
    "each node of five reaches its two neighbours: five majorities",
    5,
    ring,
  ),
  cutting("partition-isolate", "one node is cut off", 3, isolated),
  cutting(
    "partition-bridge",
    "two nodes do not reach each other, the third reaches both",
    3,
    bridge,
  ),
  cutting(
    "partition-asymmetric",
    "a node is not heard, hears nobody, or does not reach one",
    3,
    oneWay,
  ),
  {
    ...BASE,
    name: "partition-flapping",
    about: "one node is cut off and not, again and again",
    nodes: 3,
    make: makeFlapping,
  },
  {
    ...BASE,
    name: "packet-loss",
    about: "5 to 30 % of the packets between nodes are lost",
    nodes: 3,
    make: makeLoss,
  },
  {
    name: "slow-link",
    about: "20 to 370 ms and 200 kB/s between nodes, by a relay",
    nodes: 3,
    needs: ["relay"],
    products: ["leveret"],
    make: makeSlow,
  },
];

function cutting(
  name: string,
  about: string,
  nodes: 3 | 5,
  choose: (nodes: readonly number[], random: Random) => Cut,
): Nemesis {
  const make = (context: NemesisContext, random: Random): Fault => {
    const { cluster, timeline } = context;
    const { text, pairs } = choose(cluster.indices, random);
    const [style = "silent"] = pick(random, STYLES, 1);
    return {
      begin: async () => {
        timeline.note(`cut (${style}): ${text}`);
        cut(context, pairs, style);
      },
      end: async () => heal(context),
    };
  };
  return { ...BASE, name, about, nodes, make };
}

function cut({ cuts }: NemesisContext, pairs: readonly Pair[], style: CutStyle): void {
  for (const [from, to] of pairs) cuts.cut(from, to, style);
}

async function heal({ cuts, timeline }: NemesisContext): Promise<void> {
  cuts.heal();
  timeline.note("the network is whole again");
}

function halves(nodes: readonly number[], random: Random): Cut {
  const small = pick(random, nodes, Math.floor(nodes.length / 2));
  const large = nodes.filter((node) => !small.includes(node));
  const pairs = large.flatMap((one) => small.flatMap((other) => bothWays(one, other)));
  return { text: `${numbers(small)} | ${numbers(large)}`, pairs };
}

function ring(nodes: readonly number[], random: Random): Cut {
  const order = pick(random, nodes, nodes.length);
  const pairs = order.flatMap((one, index) => {
    const beyond = order[(index + 2) % order.length];
    return beyond === undefined ? [] : bothWays(one, beyond);
  });
  return { text: `a ring ${numbers(order)}`, pairs };
}

function isolated(nodes: readonly number[], random: Random): Cut {
  const [alone = 0] = pick(random, nodes, 1);
  const pairs = others(nodes, [alone]).flatMap((other) => bothWays(alone, other));
  return { text: `node ${alone + 1} alone`, pairs };
}

function bridge(nodes: readonly number[], random: Random): Cut {
  const [one = 0, other = 0] = pick(random, nodes, 2);
  return { text: `nodes ${one + 1} and ${other + 1} apart`, pairs: bothWays(one, other) };
}

function oneWay(nodes: readonly number[], random: Random): Cut {
  const [one = 0, other = 0] = pick(random, nodes, 2);
  const rest = others(nodes, [one]);
  switch (random.below(3)) {
    case 0:
      return { text: `node ${one + 1} is not heard`, pairs: rest.map((each) => [one, each]) };
    case 1:
      return { text: `node ${one + 1} hears nobody`, pairs: rest.map((each) => [each, one]) };
    default:
      return { text: `node ${one + 1} does not reach node ${other + 1}`, pairs: [[one, other]] };
  }
}

function bothWays(one: number, other: number): Pair[] {
  return [
    [one, other],
    [other, one],
  ];
}

function others(nodes: readonly number[], left: readonly number[]): number[] {
  return nodes.filter((node) => !left.includes(node));
}

function numbers(nodes: readonly number[]): string {
  return nodes.map((node) => node + 1).join(" ");
}

function makeFlapping(context: NemesisContext, random: Random): Fault {
  const { cluster, cuts, timeline } = context;
  const { text, pairs } = isolated(cluster.indices, random);
  let isOver = false;
  let run: Promise<void> = Promise.resolve();
  const flap = async (): Promise<void> => {
    for (let isCut = true; !isOver; isCut = !isCut) {
      if (isCut) cut(context, pairs, "silent");
      else cuts.heal();
      await delay(FLAP_MIN_MS + random.below(FLAP_SPREAD_MS));
    }
  };
  return {
    begin: async () => {
      timeline.note(`flapping: ${text}`);
      run = flap();
    },
    end: async () => {
      isOver = true;
      await run;
      await heal(context);
    },
  };
}

function makeLoss(context: NemesisContext, random: Random): Fault {
  const { cluster, cuts, timeline } = context;
  const share = LOSS_MIN + random.next() * LOSS_SPREAD;
  const ofAll = random.below(2) === 0;
  const nodes = ofAll ? cluster.indices : pick(random, cluster.indices, 1);
  return {
    begin: async () => {
      const where = ofAll ? "all nodes" : namesOf(cluster, nodes);
      timeline.note(`${Math.round(share * 100)} % of the packets to ${where} are lost`);
      for (const to of nodes) {
        for (const from of others(cluster.indices, [to])) cuts.lose(from, to, share);
      }
    },
    end: async () => heal(context),
  };
}

function makeSlow({ links, timeline }: NemesisContext, random: Random): Fault {
  const delayMs = DELAY_MIN_MS + random.below(DELAY_SPREAD_MS);
  const jitterMs = random.below(JITTER_SPREAD_MS);
  return {
    begin: async () => {
      timeline.note(`links take ${delayMs} to ${delayMs + jitterMs} ms, 200 kB/s`);
      links?.slowDown({ delayMs, jitterMs, bytesPerSecond: SLOW_BYTES_PER_SECOND });
    },
    end: async () => {
      links?.heal();
      timeline.note("links are fast again");
    },
  };
}
