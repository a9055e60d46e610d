import { EMPTY_CONF } from "../../../src/core/conf-state.ts";
import { replicaIdOf } from "../../../src/core/ids.ts";
import { type ByteRange, classify } from "./byte-classes.ts";
import { CheckedCluster, GROUPS, LARGE_GROUP, SMALL_GROUP } from "./checked-cluster.ts";

/** Three nodes that were stopped, to start again from as often as wanted. */
export interface Scene {
  /** With nothing running any more. */
  readonly cluster: CheckedCluster;
  /** Whose disk gets damaged. */
  readonly victim: number;
  /** Has everything that the victim has. */
  readonly witness: number;
  /** Was down when the last commands were committed: only the other two have them. */
  readonly lagging: number;
  /** All bytes of the victim's files. */
  readonly ranges: readonly ByteRange[];
}

const NODES = [1, 2, 3];
/** The marker that proves the last batch durable is written after 50 ms. */
const REST_MS = 400;

/** Lets a cluster live for a while, with restarts, and stops it, the victim as the leader or as a follower. */
export function makeScene(
  seed: number,
  options: { readonly isLeader: boolean; readonly commands: number },
): Scene {
  const cluster = new CheckedCluster(seed);
  cluster.boot(...NODES);
  const voters = NODES.map((nodeId) => replicaIdOf(nodeId, 1));
  for (const groupId of GROUPS) {
    for (const nodeId of NODES) {
      cluster.createGroup(groupId, nodeId, replicaIdOf(nodeId, 1), { ...EMPTY_CONF, voters });
    }
  }
  const third = Math.ceil(options.commands / 3);
  work(cluster, 0, third);
  restart(cluster, 1, true);
  work(cluster, third, third * 2);
  restart(cluster, 2, false);
  restart(cluster, 3, true);
  work(cluster, third * 2, options.commands);
  cluster.run(REST_MS);
  return stop(cluster, options.isLeader);
}

/** Stops the nodes one after the other, so that one of them lags behind. */
function stop(cluster: CheckedCluster, isLeader: boolean): Scene {
  cluster.runUntil("led", () => cluster.leader(LARGE_GROUP) !== undefined);
  const leader = cluster.leader(LARGE_GROUP)?.nodeId ?? 0;
  gather(cluster, leader);
  const [one = 0, other = 0] = NODES.filter((nodeId) => nodeId !== leader);
  const [victim, witness] = isLeader ? [leader, one] : [one, leader];
  cluster.kill(other);
  for (let count = 0; count < 4; count++) {
    for (const groupId of GROUPS) cluster.mustApply(groupId, `late ${count} ${"x".repeat(40)}`);
  }
  cluster.run(REST_MS);
  gather(cluster, leader);
  cluster.run(REST_MS);
  cluster.kill(victim);
  cluster.kill(witness);
  const ranges = cluster
    .disk(victim)
    .files()
    .flatMap(({ path, file }) => classify(path, file.cachedBytes));
  return { cluster, victim, witness, lagging: other, ranges };
}

/** Makes one node the leader of all groups. */
function gather(cluster: CheckedCluster, leader: number): void {
  const isDone = (groupId: number): boolean => cluster.leader(groupId)?.nodeId === leader;
  for (let attempt = 0; attempt < 20 && !GROUPS.every(isDone); attempt++) {
    for (const groupId of GROUPS.filter((id) => !isDone(id))) {
      cluster.leader(groupId)?.group(groupId)?.transferLeader(replicaIdOf(leader, 1));
    }
    cluster.run(1000);
  }
  if (!GROUPS.every(isDone)) throw new Error(`another one leads: ${cluster.describe()}`);
}

/** Commands from one number to another; some stay live for a while, some are proposed several at once. */
function work(cluster: CheckedCluster, from: number, to: number): void {
  let waiting = 0;
  for (let number = from; number < to; number++) {
    const groupId = number % 4 === 3 ? SMALL_GROUP : LARGE_GROUP;
    const text = textOf(cluster, groupId, number);
    if (number % 3 === 0) {
      cluster.mustApply(groupId, text);
      continue;
    }
    waiting++;
    cluster.propose(groupId, text, () => {
      waiting--;
    });
  }
  cluster.runUntil("answered", () => waiting === 0);
  snapshotAll(cluster, SMALL_GROUP);
}

/** The small group's states grow too slowly to be saved by themselves. */
function snapshotAll(cluster: CheckedCluster, groupId: number): void {
  for (const node of cluster.nodes.values()) {
    let isDone = false;
    node.group(groupId)?.takeSnapshot(() => {
      isDone = true;
    });
    cluster.runUntil("saved", () => isDone);
  }
}

function textOf(cluster: CheckedCluster, groupId: number, number: number): string {
  if (groupId === SMALL_GROUP) return `${number % 16 === 3 ? "keep" : "small"} ${number}`;
  const kind = number === 100 ? "drop" : number % 9 === 0 ? "keep" : "large";
  return `${kind} ${number} ${"y".repeat(cluster.random.below(400))}`;
}

function restart(cluster: CheckedCluster, nodeId: number, losesPower: boolean): void {
  cluster.run(200);
  cluster.kill(nodeId, losesPower);
  cluster.boot(nodeId);
  cluster.run(200);
}
