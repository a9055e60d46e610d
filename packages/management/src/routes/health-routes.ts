import { notFound } from "../http-error.ts";
import { nameFilter } from "../lists/name-filter.ts";
import type { AmqpActions } from "../model/runtime-objects.ts";
import { byAmqp } from "./amqp-answers.ts";
import { json } from "./answers.ts";
import { certificateCheck } from "./certificate-check.ts";
import { alarmVerdict, queueVerdict, type Verdict, verdictAnswer } from "./health-verdict.ts";
import { type ApiRequest, type Route, route } from "./route.ts";
import { requireVhost } from "./vhost-scope.ts";

/** Checks that look at the cluster and answer with a verdict. */
export const HEALTH_ROUTES: readonly Route[] = [
  check("/health/checks/alarms", "No alarm is in effect in the cluster.", async ({ node }) =>
    alarmVerdict(await node.health.alarms(), "There are alarms in effect in the cluster"),
  ),
  check("/health/checks/local-alarms", "No alarm is in effect on this node.", async ({ node }) => {
    const alarms = await node.health.alarms();
    const own = alarms.filter((alarm) => alarm.node === node.facts.nodeName);
    return alarmVerdict(own, "There are alarms in effect on the node");
  }),
  check("/health/checks/virtual-hosts", "All virtual hosts run.", () => "passed"),
  check("/health/checks/is-in-service", "This node is not being drained.", async ({ node }) =>
    (await node.health.isInMaintenance())
      ? { reason: "the node is in maintenance mode" }
      : "passed",
  ),
  check("/health/checks/ready-to-serve-clients", "Clients can connect to this node.", ({ node }) =>
    node.health.isReadyForClients ? "passed" : { reason: "the node does not serve clients" },
  ),
  check(
    "/health/checks/below-node-connection-limit",
    "This node has fewer connections than it may have.",
    ({ node }) => {
      const { count, max } = node.health.connections;
      if (max === undefined || count < max) return "passed";
      const details = { limit: max, connections: count };
      return { reason: "the node has reached its limit of connections", details };
    },
  ),
  check(
    "/health/checks/reached-target-cluster-size",
    "The cluster has as many nodes as were configured.",
    ({ node }) => {
      const size = node.facts.memberNames().length;
      const target = node.health.targetClusterSize ?? 1;
      if (size >= target) return "passed";
      const details = { cluster_size: size, target_cluster_size: target };
      return { reason: "the cluster has not reached its size yet", details };
    },
  ),
  check("/health/checks/metadata-store/initialized", "The metadata has been read.", ({ node }) =>
    metadataVerdict(node.health.isMetadataReady(false)),
  ),
  check(
    "/health/checks/metadata-store/initialized/with-data",
    "The metadata has been read, and the default data is there.",
    ({ node }) => metadataVerdict(node.health.isMetadataReady(true)),
  ),
  criticalCheck(
    "/health/checks/node-is-quorum-critical",
    "There are quorum queues that would lose their quorum if the target node is shut down",
  ),
  // Mirrored queues are replicated as quorum queues are.
  criticalCheck(
    "/health/checks/node-is-mirror-sync-critical",
    "There are classic mirrored queues without online synchronised mirrors",
  ),
  route({
    method: "GET",
    path: "/health/checks/certificate-expiration/{within}/{unit}",
    may: "user",
    summary:
      "No certificate of this node's listeners expires within so many days, weeks, months or years.",
    handle: ({ node, params }) => verdictAnswer(certificateCheck(node, params)),
  }),
  ...leaderChecks(),
  check("/healthchecks/node", "This node runs, without an alarm.", ({ node }) =>
    nodeVerdict(node, node.facts.nodeName),
  ),
  route({
    method: "GET",
    path: "/healthchecks/node/{node}",
    may: "user",
    summary: "The node runs, without an alarm.",
    handle: async ({ node, params }) => {
      if (!node.facts.memberNames().includes(params.node)) throw notFound();
      return verdictAnswer(await nodeVerdict(node, params.node));
    },
  }),
  route({
    method: "GET",
    path: "/aliveness-test/{vhost}",
    may: "vhost",
    summary:
      "A message goes through the queue aliveness-test of the virtual host, which is made if it is not there, and comes back.",
    handle: async (request) => {
      const { name } = requireVhost(request, request.params.vhost);
      return verdictAnswer(await aliveness(request.node.objects.actionsOf(request.user), name));
    },
  }),
];

function check(
  path: string,
  summary: string,
  run: (request: ApiRequest) => Verdict | Promise<Verdict>,
): Route {
  return route({
    method: "GET",
    path,
    may: "user",
    summary,
    handle: async (request) => verdictAnswer(await run(request)),
  });
}

/** A cluster of one node has nothing to lose. */
function criticalCheck(path: string, reason: string): Route {
  return route({
    method: "GET",
    path,
    may: "user",
    summary: "No replicated queue loses its majority if this node stops.",
    handle: async ({ node }) => {
      if (node.facts.memberNames().length < 2) {
        return json({ status: "ok", reason: "single node cluster" });
      }
      return verdictAnswer(queueVerdict(await node.health.quorumCriticalQueues(), reason));
    },
  });
}

/** Replicated queues that have no leader, of all vhosts or one, all of them or those whose name matches. */
function leaderChecks(): readonly Route[] {
  const base = "/health/checks/quorum-queues-without-elected-leaders";
  const summary = "All replicated queues have a leader.";
  const verdict = async (
    node: ApiRequest["node"],
    { vhost, pattern }: { readonly vhost?: string; readonly pattern?: string },
  ): Promise<Response> => {
    if (vhost !== undefined) requireVhost({ node }, vhost);
    const matches = nameFilter(pattern ?? "", true);
    const all = await node.health.queuesWithoutLeader(vhost);
    const queues = all.filter(({ name }) => matches?.(name) ?? true);
    return verdictAnswer(queueVerdict(queues, "There are quorum queues without an elected leader"));
  };
  const of = (path: string, may: "user" | "visible vhost"): Route =>
    route({
      method: "GET",
      path,
      may,
      summary,
      handle: ({ node, params }) => verdict(node, params as Record<string, string>),
    });
  return [
    of(`${base}/all-vhosts`, "user"),
    of(`${base}/all-vhosts/pattern/{pattern}`, "user"),
    of(`${base}/vhost/{vhost}`, "visible vhost"),
    of(`${base}/vhost/{vhost}/pattern/{pattern}`, "visible vhost"),
  ];
}

function metadataVerdict(isReady: boolean): Verdict {
  return isReady ? "passed" : { reason: "Metadata store has not yet reported as initialized" };
}

async function nodeVerdict(node: ApiRequest["node"], name: string): Promise<Verdict> {
  if (!node.facts.runningNames().includes(name)) return { reason: `node ${name} does not run` };
  const alarms = (await node.health.alarms()).filter((alarm) => alarm.node === name);
  if (alarms.length === 0) return "passed";
  const resources = alarms.map(({ resource }) => resource).join(", ");
  return { reason: `resource alarm(s) in effect: ${resources}` };
}

const ALIVENESS_QUEUE = "aliveness-test";

/** With the rights of the user, as a client of his would do it. */
async function aliveness(actions: AmqpActions, vhost: string): Promise<Verdict> {
  const name = ALIVENESS_QUEUE;
  const payload = Buffer.from("alive?");
  await byAmqp(
    actions.declareQueue({ vhost, name, durable: false, autoDelete: false, arguments: {} }),
  );
  await byAmqp(actions.publish({ vhost, exchange: "", routingKey: name, payload, properties: {} }));
  const messages = await byAmqp(
    actions.get({ vhost, queue: name, count: 1, settle: "ack", sizeMax: 65_536 }),
  );
  return messages.length > 0 ? "passed" : { reason: "the message did not come back" };
}
