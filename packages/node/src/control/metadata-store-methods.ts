import type { GroupStatus } from "@leveret/raft";
import * as v from "valibot";
import { METADATA_GROUP_ID } from "../storage/node-storage.ts";
import { type NodeMethods, type RunningNode, whileRunning } from "./control-method.ts";
import { rowsOfAll } from "./whole-cluster.ts";

/** The replicated state machine has had one version so far. */
const MACHINE_VERSION = 1;

/**
 * A replica of the metadata: its node, Raft state, membership, the last entry of its log, on its disk, applied, committed, and in its
 * snapshot, the term, and the version of the machine.
 */
type ReplicaRow = readonly (string | number)[];

export const METADATA_STORE_METHODS: NodeMethods = {
  /** A row for each member of the cluster; who does not answer is "nodedown". */
  metadata_store_status: whileRunning(
    v.object({ local: v.optional(v.boolean(), false) }),
    (running, { local }) => (local ? ownRow(running) : memberRows(running)),
  ),
};

async function* memberRows(running: RunningNode): AsyncIterable<ReplicaRow> {
  const { node } = running;
  const request = { method: "metadata_store_status", params: {}, local: false };
  const rows = new Map<string, ReplicaRow>();
  for await (const row of rowsOfAll(node, ownRow(running), request)) rows.set(String(row[0]), row);
  const { diskNodes } = await node.clusterStatus();
  for (const name of diskNodes) yield rows.get(name) ?? [name, "nodedown", ...Array(8).fill("")];
}

async function* ownRow({ node, broker }: RunningNode): AsyncIterable<ReplicaRow> {
  const status = broker.figures.raft?.group(METADATA_GROUP_ID)?.status();
  if (status === undefined) return;
  const { lastIndex, durableIndex, appliedIndex, commitIndex, snapshotIndex, term } = status;
  const indexes = [lastIndex, durableIndex, appliedIndex, commitIndex, snapshotIndex];
  const role = status.role === "pre-candidate" ? "pre_vote" : status.role;
  yield [node.nodeName, role, membershipOf(status), ...indexes, term, MACHINE_VERSION];
}

/** RabbitMQ's words. */
function membershipOf({ conf, replicaId }: GroupStatus): string {
  return conf.voters.includes(replicaId) ? "voter" : "non_voter";
}
