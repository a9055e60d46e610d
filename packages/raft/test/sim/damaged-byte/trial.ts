import { type ConfChange, type ConfChangeStep, EMPTY_CONF } from "../../../src/core/conf-state.ts";
import { replicaIdOf } from "../../../src/core/ids.ts";
import { CheckedCluster, type CheckedNode, GROUPS } from "./checked-cluster.ts";
import type { Scene } from "./scene.ts";
import { checkStored } from "./stored-check.ts";

/** Takes the place of a node that cannot start, or learns from one. */
const NEW_NODE = 4;

/** One byte to be damaged, and who starts first. */
export interface Damage {
  readonly path: string;
  readonly position: number;
  /** Bits to flip. */
  readonly mask: number;
  readonly seed: number;
  /**
   * "others": the two whole nodes run and go on before the damaged one comes back. "lagging": the damaged one and one that lacks
   * the last commands are alone for a while, and make a majority.
   */
  readonly first: "others" | "lagging";
}

/**
 * unharmed: nothing that is needed was in it, or it is known from elsewhere; repaired: from the peers; reported: by the store, to
 * who reads the entry; replaced: the replica or its node said that it cannot run. After the last two a new replica took its place.
 */
export type Outcome = "unharmed" | "repaired" | "reported" | "replaced";

/** Damages a byte and sees what becomes of it. @throws Error if anything committed is wrong or missing, anywhere */
export function tryDamage(scene: Scene, damage: Damage): Outcome {
  const cluster = new CheckedCluster(damage.seed, scene.cluster);
  const { victim, witness, lagging } = scene;
  flip(cluster, victim, damage);
  if (damage.first === "others") {
    cluster.boot(witness, lagging);
    for (const groupId of GROUPS) cluster.mustApply(groupId, "without the damaged one");
    cluster.boot(victim);
  } else {
    cluster.boot(lagging, victim);
    cluster.run(1500);
    for (const groupId of GROUPS) cluster.propose(groupId, "among two", () => {});
    cluster.run(500);
    cluster.boot(witness);
  }
  for (const groupId of GROUPS) cluster.mustApply(groupId, "all are back");
  const outcome = settle(cluster, victim);
  finish(cluster);
  if (!cluster.nodes.has(victim)) return outcome;
  cluster.kill(victim);
  const damaged = checkStored(cluster, victim);
  cluster.boot(victim);
  if (damaged > 0) replaceDamaged(cluster, victim, witness);
  finish(cluster);
  return damaged > 0 && outcome === "unharmed" ? "reported" : outcome;
}

/**
 * Damages a byte of an entry that a snapshot needs, and lets the damaged node, which does not know, lead while a replica is added.
 * @throws Error if that one does not get everything, from whoever has it
 */
export function joinDamaged(scene: Scene, damage: Damage): void {
  const cluster = new CheckedCluster(damage.seed, scene.cluster);
  flip(cluster, scene.victim, damage);
  cluster.boot(scene.victim, scene.witness, scene.lagging);
  const replica = replicaIdOf(NEW_NODE, 1);
  cluster.boot(NEW_NODE);
  for (const groupId of GROUPS) {
    cluster.mustApply(groupId, "before");
    lead(cluster, groupId, scene.victim);
    cluster.createGroup(groupId, NEW_NODE, replica, EMPTY_CONF);
    change(cluster, groupId, [{ kind: "add-learner", replica }]);
  }
  finish(cluster);
  cluster.kill(NEW_NODE);
  const left = checkStored(cluster, NEW_NODE);
  if (left > 0) throw new Error(`${left} entries of the new replica are damaged`);
}

function lead(cluster: CheckedCluster, groupId: number, nodeId: number): void {
  for (let tries = 0; tries < 20 && cluster.leader(groupId)?.nodeId !== nodeId; tries++) {
    cluster.leader(groupId)?.group(groupId)?.transferLeader(replicaIdOf(nodeId, 1));
    cluster.run(300);
  }
}

function finish(cluster: CheckedCluster): void {
  for (const groupId of GROUPS) cluster.mustApply(groupId, "at the end");
  cluster.runUntil("whole", () => isWhole(cluster));
  checkAll(cluster);
}

/**
 * The damaged node was up to date without the damaged entries, which belong to a snapshot or are kept for others. Reading them
 * tells: the replica is replaced by one that gets everything from a whole one.
 */
function replaceDamaged(cluster: CheckedCluster, victim: number, whole: number): void {
  for (const groupId of GROUPS) {
    lead(cluster, groupId, whole);
    replaceReplica(cluster, groupId, victim);
  }
  finish(cluster);
  cluster.kill(victim);
  const left = checkStored(cluster, victim);
  if (left > 0) throw new Error(`${left} damaged entries in what was copied from a whole replica`);
  cluster.boot(victim);
}

function flip(cluster: CheckedCluster, nodeId: number, { path, position, mask }: Damage): void {
  const found = cluster
    .disk(nodeId)
    .files()
    .find((file) => file.path === path);
  const byte = found?.file.cachedBytes[position];
  if (byte === undefined) throw new Error(`no byte ${position} in ${path}`);
  found?.file.damage(position, Uint8Array.of(byte ^ mask));
}

/** Waits until the damaged node is repaired, or replaces what says that it cannot be. */
function settle(cluster: CheckedCluster, victim: number): Outcome {
  const node = cluster.nodes.get(victim);
  if (node === undefined) throw new Error("nobody started it");
  if (node.error !== undefined) {
    replaceNode(cluster, victim);
    return "replaced";
  }
  let outcome: Outcome = "unharmed";
  for (const groupId of GROUPS) {
    cluster.runUntil(
      "repaired or reported",
      () => isUsable(node, groupId) || isReported(node, groupId),
    );
    if (!isReported(node, groupId)) continue;
    replaceReplica(cluster, groupId, victim);
    outcome = "replaced";
  }
  return outcome === "unharmed" && node.damagedGroups.size > 0 ? "repaired" : outcome;
}

function isReported(node: CheckedNode, groupId: number): boolean {
  return node.group(groupId)?.status().stoppedBecause !== undefined;
}

function isUsable(node: CheckedNode, groupId: number): boolean {
  const status = node.group(groupId)?.status();
  return status !== undefined && !status.isDamaged && status.appliedIndex > 0;
}

/** All members of all groups have applied the same, and nothing of them is damaged. */
function isWhole(cluster: CheckedCluster): boolean {
  return GROUPS.every((groupId) => {
    const last = cluster.ledger(groupId).items.at(-1)?.index ?? 0;
    let members = 0;
    for (const node of cluster.nodes.values()) {
      const status = node.group(groupId)?.status();
      if (status === undefined) continue;
      members++;
      if (status.isDamaged || status.appliedIndex < last) return false;
    }
    return members >= 3;
  });
}

/** Compares all three states, command by command, and what clients were told. */
function checkAll(cluster: CheckedCluster): void {
  for (const groupId of GROUPS) {
    const ledger = cluster.ledger(groupId);
    const last = ledger.items.at(-1)?.index ?? 0;
    for (const node of cluster.nodes.values()) {
      const machine = node.machines.get(groupId);
      if (machine === undefined) continue;
      ledger.check(machine.items, last);
    }
    for (const [index, text] of cluster.acknowledged.get(groupId) ?? []) {
      if (ledger.at(index)?.text !== text) throw new Error(`${index} ${text} was lost`);
    }
    const texts = new Set(ledger.items.map(({ text }) => text));
    if (texts.size !== ledger.items.length) throw new Error("a command was applied twice");
  }
}

/** The node cannot start: another one takes its place. */
function replaceNode(cluster: CheckedCluster, victim: number): void {
  cluster.kill(victim);
  cluster.boot(NEW_NODE);
  for (const groupId of GROUPS) {
    cluster.createGroup(groupId, NEW_NODE, replicaIdOf(NEW_NODE, 1), EMPTY_CONF);
    replace(cluster, groupId, replicaIdOf(victim, 1), replicaIdOf(NEW_NODE, 1));
  }
}

/** The replica cannot start: it is deleted, and a new one of the same node takes its place. */
function replaceReplica(cluster: CheckedCluster, groupId: number, victim: number): void {
  let isDeleted = false;
  cluster.nodes.get(victim)?.raft?.deleteGroup(groupId, () => {
    isDeleted = true;
  });
  cluster.runUntil("deleted", () => isDeleted);
  cluster.createGroup(groupId, victim, replicaIdOf(victim, 2), EMPTY_CONF);
  replace(cluster, groupId, replicaIdOf(victim, 1), replicaIdOf(victim, 2));
}

function replace(cluster: CheckedCluster, groupId: number, old: number, replica: number): void {
  change(cluster, groupId, [
    { kind: "remove", replica: old },
    { kind: "add-voter", replica },
  ]);
}

/** Changes the members, and waits until those that are added by it are members. */
function change(cluster: CheckedCluster, groupId: number, steps: readonly ConfChangeStep[]): void {
  const request: ConfChange = { transition: "auto", steps, context: new Uint8Array(0) };
  const added = steps.filter(({ kind }) => kind !== "remove");
  const isDone = (): boolean => {
    const conf = cluster.leader(groupId)?.group(groupId)?.status().conf;
    if (conf === undefined || conf.votersOutgoing.length > 0) return false;
    return added.every(({ replica }) => [...conf.voters, ...conf.learners].includes(replica));
  };
  for (let attempt = 0; attempt < 60 && !isDone(); attempt++) {
    cluster
      .leader(groupId)
      ?.group(groupId)
      ?.changeMembers(request, () => {});
    cluster.run(300);
  }
  if (!isDone()) throw new Error(`members do not change: ${cluster.describe()}`);
}
