import type { RecoveredGroup } from "../../src/store/log-store.ts";
import type { Machine } from "./store-fixture.ts";
import type { ModelGroup } from "./store-model.ts";

/** What was found damaged, over all groups: for tests that want to see that damage was found at all. */
export interface DamageReport {
  lost: number;
  holes: number;
  snapshots: number;
  reads: number;
}

/**
 * Compares a store that was opened on a damaged disk with what it acknowledged before. Everything that it shows must be
 * right; what it does not show, it must say is damaged. Throws otherwise.
 */
export function checkDamaged(
  machine: Machine,
  groups: ReadonlyMap<number, ModelGroup>,
): DamageReport {
  const report: DamageReport = { lost: 0, holes: 0, snapshots: 0, reads: 0 };
  const found = new Map(machine.store.groups().map((group) => [group.groupId, group]));
  for (const groupId of found.keys()) {
    if (!groups.has(groupId)) throw new Error(`group ${groupId} is back`);
  }
  for (const [groupId, group] of groups) {
    const recovered = found.get(groupId);
    if (recovered === undefined) throw new Error(`group ${groupId} is gone`);
    checkGroup(machine, group, recovered, report);
  }
  return report;
}

function checkGroup(
  machine: Machine,
  group: ModelGroup,
  recovered: RecoveredGroup,
  report: DamageReport,
): void {
  const { groupId } = group;
  // It will not be started: nothing of it counts.
  if (recovered.hardState === "lost") {
    report.lost++;
    return;
  }
  expectEqual(groupId, "term", recovered.hardState.currentTerm, group.hardState.currentTerm);
  expectEqual(groupId, "vote", recovered.hardState.votedFor, group.hardState.votedFor);
  expectEqual(groupId, "epoch", recovered.epoch, group.epoch);
  if (recovered.hardState.commitIndex > group.hardState.commitIndex) {
    throw new Error(`group ${groupId}: commit ${recovered.hardState.commitIndex}`);
  }
  report.holes += recovered.holes.length;
  checkEnd(machine, group, recovered);
  checkEntries(machine, group, recovered, report);
  checkSnapshot(machine, group, recovered, report);
}

/** A log may only be shorter than it was if the group has promised not to vote below its former end. */
function checkEnd(machine: Machine, group: ModelGroup, recovered: RecoveredGroup): void {
  const log = machine.store.log(group.groupId);
  const lastTerm =
    group.lastIndex === group.compactedIndex
      ? group.compactedTerm
      : (group.entries.get(group.lastIndex)?.term ?? 0);
  const { promise } = recovered;
  const isPromised =
    promise !== undefined &&
    (promise.term > lastTerm || (promise.term === lastTerm && promise.index >= group.lastIndex));
  const isWhole = log.lastIndex === group.lastIndex && log.term(log.lastIndex) === lastTerm;
  if (!isWhole && !isPromised) {
    throw new Error(
      `group ${group.groupId}: ends at ${log.lastIndex}@${log.term(log.lastIndex)} instead of ` +
        `${group.lastIndex}@${lastTerm}, promise ${JSON.stringify(promise)}`,
    );
  }
}

function checkEntries(
  machine: Machine,
  group: ModelGroup,
  recovered: RecoveredGroup,
  report: DamageReport,
): void {
  const { groupId } = group;
  const log = machine.store.log(groupId);
  for (let index = 1; index <= Math.max(group.lastIndex, log.lastIndex); index++) {
    const isInHole = recovered.holes.some(({ first, last }) => first <= index && index <= last);
    const isLive = group.live.some(({ first, last }) => first <= index && index <= last);
    const isOld = index <= group.compactedIndex && !isLive;
    const result = machine.read(groupId, index);
    if (result.kind === "entries") {
      const [item] = result.entries;
      const wanted = group.entries.get(index);
      const isRight = item?.term === wanted?.term && item?.crc === wanted?.crc;
      if (!isOld && !isRight)
        throw new Error(`group ${groupId}: wrong entry ${index}@${item?.term}`);
      continue;
    }
    if (result.kind === "damaged") {
      report.reads++;
      continue;
    }
    if (isOld || isInHole || index > log.lastIndex || recovered.isSnapshotDamaged) continue;
    throw new Error(`group ${groupId}: ${index} is compacted, but should be there`);
  }
}

function checkSnapshot(
  machine: Machine,
  group: ModelGroup,
  recovered: RecoveredGroup,
  report: DamageReport,
): void {
  if (recovered.isSnapshotDamaged) {
    report.snapshots++;
    return;
  }
  const state = machine.loadState(group.groupId);
  if (state === "damaged") {
    report.snapshots++;
    return;
  }
  // An older one is as good: nothing that came after it may be missing, which the entries show.
  if (recovered.snapshot.index !== group.snapshot.index) return;
  const isRight =
    typeof state === "string" ? group.state === undefined : group.state?.equals(state) === true;
  if (!isRight) throw new Error(`group ${group.groupId}: wrong snapshot`);
}

function expectEqual(groupId: number, what: string, actual: number, expected: number): void {
  if (actual !== expected) {
    throw new Error(`group ${groupId}: ${what} ${actual} instead of ${expected}`);
  }
}
