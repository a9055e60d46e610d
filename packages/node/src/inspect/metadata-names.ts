import type { StoreInspector } from "@leveret/raft";
import { MetadataStateMachine } from "../metadata/metadata-state-machine.ts";
import { METADATA_GROUP_ID } from "../storage/node-storage.ts";
import type { GroupQueue, MetadataNames } from "./directory-report.ts";
import { replayMachine } from "./replay-machine.ts";

/** Replays the metadata to learn which queue each group belongs to. Takes what it can get. */
export async function readNames(inspector: StoreInspector): Promise<MetadataNames> {
  const group = inspector.result.groups.find(({ groupId }) => groupId === METADATA_GROUP_ID);
  if (group === undefined) return { kind: "unreadable", why: "there are none" };
  const machine = new MetadataStateMachine();
  const replayed = await replayMachine(machine, inspector, group);
  return replayed.kind === "read" ? { ...replayed, queues: queuesOf(machine) } : replayed;
}

function queuesOf({ machine }: MetadataStateMachine): Map<number, GroupQueue> {
  const queues = new Map<number, GroupQueue>();
  for (const vhost of machine.vhosts()) {
    for (const { name, vhost: of, groupId } of vhost.queues.values()) {
      if (groupId !== undefined) queues.set(groupId, { vhost: of, name });
    }
  }
  return queues;
}
