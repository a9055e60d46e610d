import * as v from "valibot";
import type { Cell } from "./cells.ts";
import { NO_PARAMS, type NodeMethods, queuesOf, rows, whileRunning } from "./control-method.ts";
import type { ControlledNode } from "./controlled-node.ts";
import { VHOST } from "./method-params.ts";
import type {
  LeaderCount,
  MembershipChange,
  QueueName,
  ReplicaStatus,
} from "./queue-operations.ts";

const QUEUE = { ...VHOST, name: v.string() };
const MEMBER = { ...QUEUE, node: v.string() };
const SELECTION = { vhostPattern: v.string(), queuePattern: v.string() };
/** Of the queue machine's commands, as RabbitMQ shows that of its own. */
const MACHINE_VERSION = 1;

export const REPLICA_METHODS: NodeMethods = {
  sync_queue: whileRunning(v.object(QUEUE), ({ node }, { vhost, name }) =>
    queuesOf(node).sync(vhost, name),
  ),
  cancel_sync_queue: whileRunning(v.object(QUEUE), ({ node }, { vhost, name }) =>
    queuesOf(node).cancelSync(vhost, name),
  ),
  quorum_status: whileRunning(v.object(QUEUE), ({ node }, { vhost, name }) =>
    later(async () => (await queuesOf(node).quorumStatus(vhost, name)).map(statusRow)),
  ),
  rebalance: whileRunning(
    v.object({ kind: v.picklist(["all", "classic", "quorum", "stream"]), ...SELECTION }),
    ({ node }, { kind, ...selection }) =>
      later(async () => (await queuesOf(node).rebalance(kind, selection)).map(countRow)),
  ),
  grow: whileRunning(
    v.object({ node: v.string(), strategy: v.picklist(["all", "even"]), ...SELECTION }),
    (running, { node, strategy, ...selection }) =>
      later(async () => {
        const changes = await queuesOf(running.node).grow(node, strategy, selection);
        return changes.map(changeRow);
      }),
  ),
  shrink: whileRunning(v.object({ node: v.string() }), (running, { node }) =>
    later(async () => (await queuesOf(running.node).shrink(node)).map(changeRow)),
  ),
  add_member: whileRunning(v.object(MEMBER), (running, { vhost, name, node }) =>
    queuesOf(running.node).addMember(vhost, name, node),
  ),
  delete_member: whileRunning(v.object(MEMBER), (running, { vhost, name, node }) =>
    queuesOf(running.node).deleteMember(vhost, name, node),
  ),
  transfer_leadership: whileRunning(v.object(MEMBER), (running, { vhost, name, node }) =>
    queuesOf(running.node).transferLeadership(vhost, name, node),
  ),
  check_if_node_is_quorum_critical: whileRunning(NO_PARAMS, ({ node }) =>
    critical(node, () => queuesOf(node).quorumCritical()),
  ),
  check_if_node_is_mirror_sync_critical: whileRunning(NO_PARAMS, ({ node }) =>
    critical(node, () => queuesOf(node).mirrorSyncCritical()),
  ),
};

/** "single": nobody could take over, whatever is done. */
async function critical(
  node: ControlledNode,
  find: () => Promise<readonly QueueName[]>,
): Promise<"single" | readonly string[]> {
  const { diskNodes } = await node.clusterStatus();
  if (diskNodes.length < 2) return "single";
  const found = await find();
  return found.map(({ vhost, name }) => `queue '${name}' in vhost '${vhost}'`);
}

async function* later(find: () => Promise<readonly Cell[][]>): AsyncIterable<readonly Cell[]> {
  yield* rows(await find());
}

function statusRow(status: ReplicaStatus): Cell[] {
  const { node, raftState, logIndex, commitIndex, snapshotIndex, term } = status;
  const numbers = [logIndex, commitIndex, snapshotIndex, term];
  return [node, raftState, ...numbers.map((number) => number ?? "undefined"), MACHINE_VERSION];
}

function countRow({ node, quorum, classic }: LeaderCount): Cell[] {
  return [node, quorum, classic];
}

function changeRow({ vhost, name, size, error }: MembershipChange): Cell[] {
  return [vhost, name, size, error === undefined ? "ok" : `error: ${error}`];
}
