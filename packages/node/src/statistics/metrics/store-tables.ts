import { type MetricTable, seriesOf } from "@leveret/management";
import type { GroupStatus, RaftNode } from "@leveret/raft";
import type { QueueRecord } from "../../metadata/records.ts";
import type { BrokerQueue } from "../../queue/broker-queue.ts";
import { METADATA_GROUP_ID } from "../../storage/node-storage.ts";
import { SamplingPace } from "../sampling-pace.ts";
import { counter, gauge, labelledValues, singleValues } from "./metric-spec.ts";
import type { MetricsContext } from "./metrics-context.ts";
import type { ObjectFamily } from "./object-family.ts";

/** A replica of this node with the queue that it belongs to; without one: that of the metadata. */
interface Replica {
  readonly queue: BrokerQueue | undefined;
  readonly status: GroupStatus;
}

function* replicas({ node }: MetricsContext): Iterable<Replica> {
  const { raft } = node.figures;
  if (raft === undefined) return;
  const metadata = raft.group(METADATA_GROUP_ID);
  if (metadata !== undefined) yield { queue: undefined, status: metadata.status() };
  for (const { queues } of node.broker.vhosts.values()) {
    for (const queue of queues.values()) {
      const { groupId } = queue.record;
      const group = groupId === undefined ? undefined : raft.group(groupId);
      if (group !== undefined) yield { queue, status: group.status() };
    }
  }
}

/** RabbitMQ's names, of 3.x and 4.x. */
export const RAFT_METRICS: ObjectFamily<Replica> = {
  name: "ra_metrics",
  metrics: [
    gauge("raft_term", "Current term of a replica"),
    gauge("raft_commit_index", "Last entry of the log known to be committed"),
    gauge("raft_last_applied", "Last entry of the log that was applied"),
    gauge("raft_last_written_index", "Last entry of the log on this node's disk"),
    gauge("raft_snapshot_index", "Last entry of the log that a snapshot stands for"),
    gauge("raft_log_commit_index", "The same as raft_commit_index"),
    gauge("raft_log_last_applied_index", "The same as raft_last_applied"),
    gauge("raft_log_last_written_index", "The same as raft_last_written_index"),
    gauge("raft_log_snapshot_index", "The same as raft_snapshot_index"),
  ],
  objects: replicas,
  vhostOf: ({ queue }) => queue?.record.vhost,
  seriesOf: ({ queue }) => (queue === undefined ? "" : queueSeries(queue.record)),
  read: ({ status }, into) => {
    into[0] = status.term;
    into[1] = status.commitIndex;
    into[2] = status.appliedIndex;
    into[3] = status.durableIndex;
    into[4] = status.snapshotIndex;
    into[5] = status.commitIndex;
    into[6] = status.appliedIndex;
    into[7] = status.durableIndex;
    into[8] = status.snapshotIndex;
  },
};

/** Of queues whose logs are written on this node; aggregated, their mean. */
export async function latencyTable(
  prefix: string,
  context: MetricsContext,
  isPerObject: boolean,
): Promise<MetricTable> {
  const pace = new SamplingPace();
  const rows: [series: string, seconds: number][] = [];
  for (const { record, seconds } of latencies(context)) {
    if (pace.isDue()) await pace.pause();
    rows.push([isPerObject ? queueSeries(record) : "", seconds]);
  }
  const mean = rows.reduce((sum, [, seconds]) => sum + seconds, 0) / Math.max(1, rows.length);
  return labelledValues(
    prefix,
    gauge("raft_commit_latency_seconds", "From a proposal to its being committed and applied"),
    isPerObject ? rows : [["", mean]],
  );
}

function* latencies({
  node,
}: MetricsContext): Iterable<{ readonly record: QueueRecord; readonly seconds: number }> {
  for (const { queues } of node.broker.vhosts.values()) {
    for (const { record } of queues.values()) {
      if (record.groupId === undefined) continue;
      const ms = node.figures.commitLatencyMs(record.groupId);
      if (ms !== undefined) yield { record, seconds: ms / 1000 };
    }
  }
}

function queueSeries({ vhost, name }: QueueRecord): string {
  return seriesOf([
    ["vhost", vhost],
    ["queue", name],
  ]);
}

/** The log store, and the host of the Raft groups. */
export function storeTables({ node }: MetricsContext): MetricTable[] {
  const { raft } = node.figures;
  if (raft === undefined) return [];
  return [storeTable(raft), hostTable(raft), linkTable(raft)];
}

function storeTable(raft: RaftNode): MetricTable {
  const statistics = raft.storeStatistics();
  return singleValues("leveret_log_", [
    [
      counter("batches_total", "Batches written to the log, each with one sync"),
      statistics.batches,
    ],
    [counter("records_total", "Records written to the log"), statistics.records],
    [counter("written_bytes_total", "Octets written to the log"), statistics.bytes],
    [
      counter("rewritten_bytes_total", "Octets written again to free files"),
      statistics.rewrittenBytes,
    ],
    [counter("removed_files_total", "Files that were given up"), statistics.removedFiles],
    [gauge("files", "Files of the log"), statistics.files],
    [gauge("live_bytes", "Octets of the log that are still needed"), statistics.liveBytes],
    [gauge("disk_bytes", "Octets of the files of the log"), statistics.diskBytes],
    [
      gauge("body_cache_bytes", "Memory for bodies that were written lately"),
      statistics.bodyCacheBytes,
    ],
    [gauge("index_cache_bytes", "Memory for indexes of the log"), statistics.indexCacheBytes],
  ]);
}

function hostTable(raft: RaftNode): MetricTable {
  const host = raft.metrics();
  return singleValues("leveret_raft_", [
    [gauge("groups", "Replicas on this node"), host.groups],
    [
      gauge("groups_awake", "Replicas that tick; the others sleep until they are used"),
      host.groupsAwake,
    ],
    [gauge("groups_led", "Groups that this node leads"), host.groupsLed],
    [gauge("groups_stopped", "Replicas that have stopped because of a fault"), host.groupsStopped],
    [gauge("proposals_pending", "Proposals that are not answered yet"), host.proposalsPending],
    [gauge("proposal_bytes_pending", "Octets of those"), host.proposalBytesPending],
    [
      gauge(
        "apply_lag_entries",
        "Committed entries that wait to be applied, of the group with most",
      ),
      host.applyLagEntries,
    ],
    [gauge("store_queued_bytes", "Octets that wait for the disk"), host.storeQueuedBytes],
    [gauge("link_queued_bytes", "Octets that wait for the network"), host.linkQueuedBytes],
    [counter("messages_sent_total", "Messages to other nodes"), host.messagesSent],
    [counter("messages_dropped_total", "Messages that could not be sent"), host.messagesDropped],
    [counter("campaigns_total", "Elections that replicas of this node have begun"), host.campaigns],
    [
      counter("elections_won_total", "Elections that replicas of this node have won"),
      host.electionsWon,
    ],
    [
      counter("leader_changes_total", "Times that a replica got to know another leader"),
      host.leaderChanges,
    ],
    [counter("proposals_total", "Proposals"), host.proposals],
    [counter("proposals_refused_total", "Proposals that were refused"), host.proposalsRefused],
    [counter("reads_total", "Questions for the newest state (ReadIndex)"), host.reads],
    [counter("entries_applied_total", "Entries applied to machines"), host.entriesApplied],
    [counter("snapshots_saved_total", "Snapshots written"), host.snapshotsSaved],
    [counter("snapshots_sent_total", "Snapshots sent to other nodes"), host.snapshotsSent],
    [counter("snapshots_received_total", "Snapshots received"), host.snapshotsReceived],
    [counter("damages_found_total", "Damages of the log that were found"), host.damagesFound],
    [
      counter(
        "stalls_total",
        "Times that the event loop stood still for longer than an election may take",
      ),
      host.stalls,
    ],
  ]);
}

function linkTable(raft: RaftNode): MetricTable {
  const links = raft.linkStatistics();
  return {
    metrics: [
      {
        name: "leveret_raft_link_sent_bytes_total",
        type: "counter",
        help: "Octets sent to a peer",
      },
      {
        name: "leveret_raft_link_received_bytes_total",
        type: "counter",
        help: "Octets received from a peer",
      },
      {
        name: "leveret_raft_link_downs_total",
        type: "counter",
        help: "Times that a peer was lost",
      },
      {
        name: "leveret_raft_link_round_trip_seconds",
        type: "gauge",
        help: "Last round trip to a peer",
      },
    ],
    series: links.map(({ peer }) => seriesOf([["peer", String(peer)]])),
    columns: [
      links.map(
        ({ control, append, bulk }) => control.bytesSent + append.bytesSent + bulk.bytesSent,
      ),
      links.map(
        ({ control, append, bulk }) =>
          control.bytesReceived + append.bytesReceived + bulk.bytesReceived,
      ),
      links.map(({ downs }) => downs),
      links.map(({ roundTripMs }) => (roundTripMs < 0 ? Number.NaN : roundTripMs / 1000)),
    ],
  };
}
