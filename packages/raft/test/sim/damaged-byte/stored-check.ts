import { EntryType } from "../../../src/core/entry.ts";
import type { IndexRange } from "../../../src/core/hard-state.ts";
import { DEFAULT_LIMITS } from "../../../src/limits.ts";
import { SimProcess } from "../../../src/sim/sim-process.ts";
import type {
  LoadedSnapshot,
  LogStore,
  LogStoreListener,
  ReadResult,
} from "../../../src/store/log-store.ts";
import { NodeLogStore } from "../../../src/store/node-log-store.ts";
import { type CheckedCluster, GROUPS, LIMITS } from "./checked-cluster.ts";
import { itemOf } from "./checked-machine.ts";

/**
 * Opens the store of a node that does not run, and compares every entry that it has to have with what was committed: also those
 * that nobody has read since the damage. Returns how many of them it says are damaged. @throws Error if one is wrong or missing
 */
export function checkStored(cluster: CheckedCluster, nodeId: number): number {
  const process = new SimProcess(
    cluster.scheduler,
    cluster.random.fork(),
    { wallSkewMs: 0, driftPpm: 0 },
    (error) => {
      throw error;
    },
  );
  const disk = cluster.disk(nodeId);
  let store: LogStore | undefined;
  const limits = { ...DEFAULT_LIMITS, ...LIMITS };
  NodeLogStore.open(
    disk.attach(process),
    process,
    process,
    { nodeId, clusterId: "test", limits },
    LISTENER,
    (error, opened) => {
      if (error !== undefined) throw error;
      store = opened;
    },
  );
  cluster.runUntil("open", () => store !== undefined);
  let damaged = 0;
  for (const groupId of GROUPS) {
    if (store !== undefined) damaged += checkGroup(cluster, store, groupId);
  }
  process.kill();
  disk.kill(process);
  return damaged;
}

const LISTENER: LogStoreListener = {
  onAppended: (): void => {},
  onBatchEnd: (): void => {},
  onFatal: (error): void => {
    throw error;
  },
  onSpaceChange: (): void => {},
  onDamage: (): void => {},
};

function checkGroup(cluster: CheckedCluster, store: LogStore, groupId: number): number {
  const ledger = cluster.ledger(groupId);
  const log = store.log(groupId);
  const snapshot = wait<LoadedSnapshot>(cluster, (done) => store.loadSnapshot(groupId, done));
  if (snapshot.kind === "damaged") throw new Error("a snapshot that was in use is damaged");
  const live = snapshot.kind === "snapshot" ? snapshot.live : [];
  if (snapshot.kind === "snapshot") {
    const wanted = ledger.liveAt(snapshot.meta.index).join(" ");
    const found = indexesOf(live).join(" ");
    if (found !== wanted) throw new Error(`group ${groupId}: live ${found} instead of ${wanted}`);
    snapshot.close();
  }
  const last = ledger.items.at(-1)?.index ?? 0;
  if (log.lastIndex < last)
    throw new Error(`group ${groupId} ends at ${log.lastIndex}, not ${last}`);
  const tail = { first: log.compactedIndex + 1, last: log.lastIndex };
  let damaged = 0;
  for (const index of indexesOf([...live.filter((range) => range.last < tail.first), tail])) {
    damaged += checkEntry(cluster, store, { groupId, index });
  }
  return damaged;
}

/** Returns 1 if the store says that the entry is damaged. */
function checkEntry(
  cluster: CheckedCluster,
  store: LogStore,
  { groupId, index }: { readonly groupId: number; readonly index: number },
): number {
  const result = wait<ReadResult>(cluster, (done) => store.read(groupId, index, index, 1, done));
  if (result.kind === "damaged") return 1;
  const wanted = cluster.ledger(groupId).at(index);
  const entry = result.kind === "entries" ? result.entries[0] : undefined;
  if (entry === undefined) throw new Error(`group ${groupId} does not have ${index} any more`);
  const found = entry.type === EntryType.Command ? itemOf(entry) : undefined;
  if (found?.text !== wanted?.text || found?.term !== wanted?.term || entry.index !== index) {
    throw new Error(`group ${groupId} has something else at ${index}`);
  }
  return 0;
}

function indexesOf(ranges: readonly IndexRange[]): number[] {
  const indexes: number[] = [];
  for (const { first, last } of ranges) {
    for (let index = first; index <= last; index++) indexes.push(index);
  }
  return indexes;
}

function wait<T>(cluster: CheckedCluster, start: (done: (value: T) => void) => void): T {
  const results: T[] = [];
  start((value) => results.push(value));
  cluster.runUntil("answered", () => results.length > 0);
  const [result] = results;
  if (result === undefined) throw new Error("no answer");
  return result;
}
