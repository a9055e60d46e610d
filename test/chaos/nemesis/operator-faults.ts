import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Random } from "../../../packages/raft/src/core/random.ts";
import { LeveretNodes } from "../cluster/leveret-nodes.ts";
import { until } from "../until.ts";
import { MIRRORED_PATTERN, QUORUM } from "../workloads/queue-names.ts";
import { damageLog } from "./damage.ts";
import {
  type Fault,
  type Nemesis,
  type NemesisContext,
  namesOf,
  ONLY_LEVERET,
  pick,
} from "./nemesis.ts";

const BOOT_MAX_MS = 60_000;
/** Until a node that starts has looked at its files. */
const FOUND_MAX_MS = 30_000;
const SHOWN = 160;
const NODES = 3;

const BASE = { nodes: NODES, needs: [], products: ONLY_LEVERET } as const;

export const OPERATOR_NEMESES: readonly Nemesis[] = [
  {
    ...BASE,
    name: "corrupt-file",
    about: "bits, blocks or whole pieces of one node's log are damaged while it is down",
    make: makeDamage,
  },
  {
    ...BASE,
    name: "policy-change",
    about: "the mirroring policy changes to fewer mirrors and other nodes, and back",
    make: makePolicyChange,
  },
  {
    ...BASE,
    name: "membership-change",
    about:
      "members of queues are removed, added and made leaders; a node is forgotten and joins anew",
    make: makeMembershipChange,
  },
  {
    ...BASE,
    name: "force-shrink",
    about:
      "two nodes of three are lost with their disks; the third is forced to go on alone, and two new ones join",
    isOnce: true,
    make: makeForceShrink,
  },
];

/** What an operator asks for may be refused while other things go wrong: that is noted. */
async function attempt(
  { timeline }: NemesisContext,
  what: string,
  action: () => Promise<unknown>,
): Promise<boolean> {
  try {
    await action();
    timeline.note(what);
    return true;
  } catch (error) {
    timeline.note(`${what}: refused, ${String(error).slice(0, SHOWN)}`);
    return false;
  }
}

function leveret({ cluster }: NemesisContext): LeveretNodes {
  if (cluster instanceof LeveretNodes) return cluster;
  throw new TypeError(`not for ${cluster.product}`);
}

/** Always of the same node: the others have everything. */
function makeDamage(context: NemesisContext, random: Random): Fault {
  const { care, victim, timeline } = context;
  const cluster = leveret(context);
  const name = namesOf(cluster, [victim]);
  let isTaken = false;
  return {
    begin: async () => {
      isTaken = care.takeOne(victim);
      if (!isTaken) return;
      await cluster.kill(victim);
      const done = await damageLog(join(cluster.dataOf(victim), "log"), random);
      timeline.note(`kill -9 of ${name}; ${done ?? "nothing to damage yet"}`);
    },
    end: async () => {
      if (!isTaken) return;
      const before = await damagesFound(cluster, victim);
      timeline.note(`start of ${name}`);
      cluster.spawn(victim);
      await Promise.race([cluster.ready(victim).catch(() => undefined), delay(FOUND_MAX_MS)]);
      care.release([victim]);
      const found = (await damagesFound(cluster, victim)) - before;
      timeline.note(`${name} has found ${found} damaged places`);
    },
  };
}

/** Of all its lives, as its log tells. */
async function damagesFound(cluster: LeveretNodes, node: number): Promise<number> {
  const log = await readFile(cluster.logOf(node), "utf8");
  return log.split("\n").filter((line) => line.includes("damage in the data directory")).length;
}

function makePolicyChange(context: NemesisContext, random: Random): Fault {
  const cluster = leveret(context);
  const [asked = 0] = pick(random, cluster.indices, 1);
  const names = pick(random, cluster.indices, 2).map((node) => cluster.nameOf(node));
  const definitions = [
    { "ha-mode": "exactly", "ha-params": 2 },
    { "ha-mode": "exactly", "ha-params": 1 },
    { "ha-mode": "nodes", "ha-params": names },
  ];
  const [definition = {}] = pick(random, definitions, 1);
  const set = (to: Readonly<Record<string, unknown>>): Promise<boolean> =>
    attempt(context, `policy ${JSON.stringify(to)} by node ${asked + 1}`, () =>
      cluster.setPolicy(asked, "chaos-mirrors", MIRRORED_PATTERN, {
        ...to,
        "ha-sync-mode": "automatic",
      }),
    );
  return {
    begin: async () => void (await set(definition)),
    end: async () => void (await set({ "ha-mode": "all" })),
  };
}

function makeMembershipChange(context: NemesisContext, random: Random): Fault {
  switch (random.below(3)) {
    case 0:
      return changeQueueMembers(context, random);
    case 1:
      return moveLeaders(context, random);
    default:
      return forgetAndJoin(context, random);
  }
}

function changeQueueMembers(context: NemesisContext, random: Random): Fault {
  const cluster = leveret(context);
  const [asked = 0, member = 0] = pick(random, cluster.indices, 2);
  const params = { vhost: "/", name: QUORUM, node: cluster.nameOf(member) };
  return {
    begin: async () => {
      const what = `delete_member ${QUORUM} of node ${member + 1}`;
      await attempt(context, what, () => cluster.call(asked, "delete_member", params));
    },
    end: async () => {
      const what = `add_member ${QUORUM} of node ${member + 1}`;
      await attempt(context, what, () => cluster.call(asked, "add_member", params));
    },
  };
}

function moveLeaders(context: NemesisContext, random: Random): Fault {
  const cluster = leveret(context);
  const [asked = 0, target = 0] = pick(random, cluster.indices, 2);
  const params = { vhost: "/", name: QUORUM, node: cluster.nameOf(target) };
  const all = { kind: "all", vhostPattern: ".*", queuePattern: ".*" };
  return {
    begin: async () => {
      const what = `transfer_leadership of ${QUORUM} to node ${target + 1}`;
      await attempt(context, what, () => cluster.call(asked, "transfer_leadership", params));
    },
    end: async () => {
      await attempt(context, "rebalance", () => cluster.call(asked, "rebalance", all));
    },
  };
}

/** A node is lost with its disk; the others forget it, and a new one of its name joins. */
function forgetAndJoin(context: NemesisContext, random: Random): Fault {
  const { care, timeline } = context;
  const cluster = leveret(context);
  const [asked = 0] = pick(random, cluster.indices, 1);
  let lost: number | undefined;
  return {
    begin: async () => {
      // Other faults may have kept a node that was lost before from getting its replicas.
      const obstacle = await incomplete(cluster);
      if (obstacle !== undefined) {
        timeline.note(`no disk is lost now: ${obstacle.slice(0, SHOWN)}`);
        return;
      }
      lost = care.take(random, cluster.indices.length).find((node) => node !== asked);
      care.release(cluster.indices.filter((node) => node !== lost));
      if (lost === undefined) return;
      await cluster.kill(lost);
      timeline.note(`kill -9 of ${namesOf(cluster, [lost])}`);
    },
    end: async () => {
      if (lost === undefined) return;
      if (await forget(context, cluster, { asked, lost })) await wipe(cluster, lost);
      timeline.note(`start of ${namesOf(cluster, [lost])}`);
      cluster.spawn(lost);
      await grow(context, cluster, [lost]);
      care.release([lost]);
    },
  };
}

/**
 * New nodes get members of the quorum queues that lost theirs, which nobody does but the operator; before they have everything, no other
 * disk may be lost.
 */
async function grow(
  context: NemesisContext,
  cluster: LeveretNodes,
  nodes: readonly number[],
): Promise<void> {
  const [first = 0] = nodes;
  for (const node of nodes) {
    await joined(context, cluster, node);
    const to = { node: cluster.nameOf(node), strategy: "all" };
    const params = { ...to, vhostPattern: ".*", queuePattern: ".*" };
    await attempt(context, `grow to node ${node + 1}`, () => cluster.call(first, "grow", params));
  }
  let obstacle: string | undefined;
  const isComplete = async (): Promise<boolean> => {
    obstacle = await cluster.unsynced().catch(String);
    return obstacle === undefined;
  };
  const wait = { maxMs: BOOT_MAX_MS, explain: () => obstacle ?? "" };
  await attempt(context, "replicas on new nodes are complete", () =>
    until("complete replicas", isComplete, wait),
  );
}

/** A new node ends if the one by which it joins is killed meanwhile: then it is started again, as a supervisor does. */
async function joined(
  { timeline }: NemesisContext,
  cluster: LeveretNodes,
  node: number,
): Promise<void> {
  const endMs = performance.now() + BOOT_MAX_MS;
  while (performance.now() < endMs) {
    const isReady = await Promise.race([
      cluster.ready(node).then(
        () => true,
        () => false,
      ),
      delay(BOOT_MAX_MS).then(() => false),
    ]);
    if (isReady) return;
    if (cluster.isRunning(node)) continue;
    timeline.note(`${namesOf(cluster, [node])} could not join, and is started again`);
    cluster.spawn(node);
  }
}

/** What keeps the cluster from outliving the loss of a disk; undefined: each queue has all its replicas on all nodes. */
async function incomplete(cluster: LeveretNodes): Promise<string | undefined> {
  try {
    const rows = await cluster.rows(0, "list_queues", ["name", "members"]);
    const queue = rows.find(([, members]) => String(members).split(",").length < NODES);
    if (queue !== undefined) return `${String(queue[0])} is on ${String(queue[1])}`;
    return await cluster.unsynced();
  } catch (error) {
    return String(error);
  }
}

function forget(
  context: NemesisContext,
  cluster: LeveretNodes,
  { asked, lost }: { readonly asked: number; readonly lost: number },
): Promise<boolean> {
  const name = cluster.nameOf(lost);
  return attempt(context, `forget_cluster_node ${name}, whose data are wiped`, () =>
    cluster.call(asked, "forget_cluster_node", { name, offline: false }),
  );
}

async function wipe(cluster: LeveretNodes, node: number): Promise<void> {
  const directory = cluster.dataOf(node);
  // The directory itself may be where a disk is mounted.
  for (const name of await readdir(directory)) {
    await rm(join(directory, name), { recursive: true });
  }
}

/**
 * What is confirmed by the two that are lost, and not yet on the third, is rightly lost: so nothing is on the way when it
 * happens. Everything confirmed before has to be there afterwards.
 */
function makeForceShrink(context: NemesisContext, random: Random): Fault {
  const { care, load, timeline } = context;
  const cluster = leveret(context);
  let taken: readonly number[] = [];
  return {
    begin: async () => {
      taken = care.take(random, cluster.indices.length);
      const [survivor = 0, ...lost] = taken;
      if (taken.length < cluster.indices.length) return;
      await load.hold();
      await Promise.all(taken.map((node) => cluster.kill(node)));
      for (const node of lost) await wipe(cluster, node);
      timeline.note(`kill -9 of all; ${namesOf(cluster, lost)} have lost their disks`);
      cluster.spawn(survivor);
      await until(
        "a forced start",
        () =>
          // Refused until it has begun to wait for the others.
          cluster.call(survivor, "force_boot").then(
            () => true,
            () => false,
          ),
        { maxMs: BOOT_MAX_MS },
      );
      await cluster.ready(survivor);
      timeline.note(`${namesOf(cluster, [survivor])} goes on alone`);
      load.release();
    },
    end: async () => {
      const [survivor = 0, ...lost] = taken;
      if (taken.length === cluster.indices.length) {
        for (const node of lost) {
          await forget(context, cluster, { asked: survivor, lost: node });
          cluster.spawn(node);
        }
        timeline.note(`start of ${namesOf(cluster, lost)}, which are new`);
        await grow(context, cluster, lost);
      }
      care.release(taken);
    },
  };
}
