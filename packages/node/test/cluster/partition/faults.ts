import { setTimeout as delay } from "node:timers/promises";
import type { Random } from "../../../../raft/src/core/random.ts";
import type { ClusterProcesses } from "../kill/cluster-processes.ts";
import type { CutStyle, NetworkCuts } from "./network/network-cuts.ts";

export const FAULT_KINDS = [
  "isolate",
  "mute",
  "deaf",
  "one-way",
  "bridge",
  "flapping",
  "loss",
  "slow",
  "sigstop",
] as const;

/**
 * isolate: a node and the others do not reach each other. mute: it does not reach them, they reach it; deaf: the other way
 * round. one-way: one node does not reach one other. bridge: two do not reach each other, the third both. flapping: isolated
 * and not, in turn. loss, slow: packets to and from a node vanish, at random or beyond a rate. sigstop: a process does nothing.
 */
export type FaultKind = (typeof FAULT_KINDS)[number];

/** What a word of the command line stands for. */
export const FAULT_GROUPS: { readonly [name: string]: readonly FaultKind[] } = {
  symmetric: ["isolate"],
  asymmetric: ["mute", "deaf", "one-way", "bridge"],
  all: FAULT_KINDS,
  ...Object.fromEntries(FAULT_KINDS.map((kind) => [kind, [kind]])),
};

const STYLES: readonly CutStyle[] = ["silent", "unreachable", "reset"];
/** Of flapping: how long each state lasts, ms. */
const FLAP_MIN_MS = 200;
const FLAP_SPREAD_MS = 2000;
const LOSS_MIN = 0.05;
const LOSS_SPREAD = 0.15;
const PACKETS_PER_SECOND = 300;

export interface Fault {
  /** For people. */
  readonly text: string;
  /** Nodes that serve meanwhile: they and a majority reach each other. */
  readonly served: readonly number[];
  /** Nodes on which nothing that is published meanwhile can be confirmed. */
  readonly cutOff: readonly number[];
  begin(): void;
  /** The fault lasts so long. */
  last(ms: number): Promise<void>;
  end(): void;
}

export interface FaultParts {
  readonly cluster: ClusterProcesses;
  readonly cuts: NetworkCuts;
  readonly random: Random;
}

/** `victim`: the node concerned; of a cut between two, one of them. */
export function makeFault(kind: FaultKind, victim: number, parts: FaultParts): Fault {
  const { cluster, cuts, random } = parts;
  const others = cluster.indices.filter((index) => index !== victim);
  const name = cluster.nameOf(victim);
  const away = { served: others, cutOff: [victim] };
  const base = { last: (ms: number) => delay(ms), end: () => cuts.heal() };
  const style = STYLES[random.below(STYLES.length)] ?? "silent";
  switch (kind) {
    case "isolate":
      return {
        ...base,
        ...away,
        text: `${name} isolated (${style})`,
        begin: () => isolate(cuts, victim, others, style),
      };
    case "mute":
      return {
        ...base,
        ...away,
        text: `${name} not heard (${style})`,
        begin: () => {
          for (const other of others) cuts.cut(victim, other, style);
        },
      };
    case "deaf":
      return {
        ...base,
        ...away,
        text: `${name} hears nobody (${style})`,
        begin: () => {
          for (const other of others) cuts.cut(other, victim, style);
        },
      };
    case "one-way":
    case "bridge":
      return betweenTwo(kind, victim, parts);
    case "flapping":
      return { ...flapping(victim, others, parts), text: `${name} isolated again and again` };
    case "loss": {
      const share = LOSS_MIN + random.next() * LOSS_SPREAD;
      return {
        ...base,
        served: others,
        cutOff: [],
        text: `${Math.round(share * 100)} % of the packets from and to ${name} lost`,
        begin: () => eachWay(victim, others, (from, to) => cuts.lose(from, to, share)),
      };
    }
    case "slow":
      return {
        ...base,
        served: others,
        cutOff: [],
        text: `${PACKETS_PER_SECOND} packets/s from and to ${name}`,
        begin: () => eachWay(victim, others, (from, to) => cuts.slow(from, to, PACKETS_PER_SECOND)),
      };
    case "sigstop":
      return {
        ...base,
        ...away,
        text: `${name} stopped by SIGSTOP`,
        begin: () => cluster.signal(victim, "SIGSTOP"),
        end: () => cluster.signal(victim, "SIGCONT"),
      };
    default:
      return kind satisfies never;
  }
}

function betweenTwo(
  kind: "one-way" | "bridge",
  victim: number,
  { cluster, cuts, random }: FaultParts,
): Fault {
  const others = cluster.indices.filter((index) => index !== victim);
  const [other = 0] = others.splice(random.below(others.length), 1);
  const style = STYLES[random.below(STYLES.length)] ?? "silent";
  const isOneWay = kind === "one-way";
  const names = [victim, other].map((index) => cluster.nameOf(index));
  return {
    text: `${names.join(isOneWay ? " does not reach " : " and ")}${isOneWay ? "" : " apart"} (${style})`,
    served: others,
    cutOff: [],
    begin: () => {
      cuts.cut(victim, other, style);
      if (!isOneWay) cuts.cut(other, victim, style);
    },
    last: (ms) => delay(ms),
    end: () => cuts.heal(),
  };
}

function flapping(
  victim: number,
  others: readonly number[],
  { cuts, random }: FaultParts,
): Omit<Fault, "text"> {
  const begin = (): void => isolate(cuts, victim, others, "silent");
  return {
    served: others,
    cutOff: [],
    begin,
    last: async (ms) => {
      const endMs = performance.now() + ms;
      for (let isCut = true; performance.now() < endMs; isCut = !isCut) {
        const leftMs = endMs - performance.now();
        await delay(Math.min(leftMs, FLAP_MIN_MS + random.below(FLAP_SPREAD_MS)));
        if (isCut) cuts.heal();
        else begin();
      }
    },
    end: () => cuts.heal(),
  };
}

function isolate(
  cuts: NetworkCuts,
  victim: number,
  others: readonly number[],
  style: CutStyle,
): void {
  eachWay(victim, others, (from, to) => cuts.cut(from, to, style));
}

function eachWay(
  victim: number,
  others: readonly number[],
  action: (from: number, to: number) => void,
): void {
  for (const other of others) {
    action(victim, other);
    action(other, victim);
  }
}
