import { drain } from "../host/clients.ts";
import type { Host } from "../host/host.ts";
import type { HostNode } from "../host/host-node.ts";
import { Load, numberIn } from "../host/load.ts";
import { expectEqual, expectMatch, until } from "../host/until.ts";
import { queuesOf, statusOf } from "./form.ts";
import type { Scenario } from "./scenario.ts";
import { QUEUES, type SharedCluster } from "./shared-cluster.ts";

const ORDERS: readonly (readonly number[])[] = [
  [1, 2, 3],
  [1, 3, 2],
  [2, 1, 3],
  [2, 3, 1],
  [3, 1, 2],
  [3, 2, 1],
];
/** The node that stops last. */
const LAST = 3;
const EXIT_APP_STATE = 64;
const EXIT_FENCED = 1;

/** Full stops in the order 1, 2, 3 under load, and all ways to start again. */
export function restartScenarios(cluster: SharedCluster): Scenario[] {
  const scenario = (
    name: string,
    work: (host: Host, stopped: Stopped, step: Step) => Promise<void>,
  ): Scenario => ({
    name,
    run: (step) =>
      cluster.use(async (host) => {
        step("node 1, 2, 3 are stopped under load");
        await work(host, await stopInOrder(host), step);
      }),
  });
  return [
    ...ORDERS.map((order) =>
      scenario(`order-${order.join("")}`, (host, stopped, step) =>
        startPlainly(host, order, stopped, step),
      ),
    ),
    ...ORDERS.map((order) =>
      scenario(`forced-order-${order.join("")}`, (host, stopped, step) =>
        startForced(host, order, stopped, step),
      ),
    ),
    ...[1, 2].map((lost) =>
      scenario(`lost-${lost}`, (host, stopped, step) => startWithout(host, lost, stopped, step)),
    ),
    scenario(`lost-${LAST}`, startWithoutLast),
  ];
}

type Step = (text: string) => void;

/** What was confirmed while a cluster stopped. */
interface Stopped {
  readonly load: Load;
  /** By number of the node: counts of what was confirmed before its stop began. */
  readonly before: ReadonlyMap<number, ReadonlyMap<string, number>>;
}

async function stopInOrder(host: Host): Promise<Stopped> {
  const load = new Load(
    host.nodes.map(({ url }) => url),
    QUEUES,
  );
  const before = new Map<number, ReadonlyMap<string, number>>();
  try {
    await goneOn(load);
    for (const [at, node] of host.nodes.entries()) {
      const number = at + 1;
      before.set(number, load.counts());
      if (number === 1) await host.ok(`rabbitmqctl -n ${node.name} stop`);
      expectEqual(`exit code of ${node.name}`, await node.stop(), 0);
      if (number === LAST) break;
      await node.logged(/^other nodes have taken over what this node led$/);
      await goneOn(load);
    }
  } finally {
    await load.stop();
  }
  return { load, before };
}

/** All queues take messages: whichever nodes are left serve them. */
async function goneOn(load: Load): Promise<void> {
  const since = load.counts();
  await until("confirms for all queues", () => load.hasGoneOn(since));
}

async function startPlainly(
  host: Host,
  order: readonly number[],
  stopped: Stopped,
  step: Step,
): Promise<void> {
  for (const [at, number] of order.entries()) {
    const node = host.node(number);
    step(`${node.name} is started`);
    await node.start();
    if (!order.slice(0, at + 1).includes(LAST)) await expectWaiting(host, node);
    else if (number === LAST)
      for (const one of order.slice(0, at + 1)) await host.node(one).ready();
    else await node.ready();
  }
  await expectAllRun(host);
  await expectContents(host, stopped);
}

/** The node says whom it waits for, and answers tools. */
async function expectWaiting(host: Host, node: HostNode): Promise<void> {
  await node.logged(
    /^Waiting for cluster peers for 30000 ms, 9 retries left: .*rabbit3@localhost; stopped last: (rabbit2@localhost or )?rabbit3@localhost$/,
  );
  const { name } = node;
  const status = await statusOf(host, name);
  expectEqual(`members at ${name}`, status.disk_nodes.length, host.nodes.length);
  await host.ok(`rabbitmqctl -n ${name} ping`);
  const refused = await host.line(`rabbitmqctl -n ${name} list_queues`);
  expectEqual("exit code of list_queues while waiting", refused.code, EXIT_APP_STATE);
  expectMatch("list_queues", refused.error, /requires the 'rabbit' app to be running/);
  if (node.log.includes("leveret ready")) throw new Error(`${name} has not waited`);
}

async function startForced(
  host: Host,
  order: readonly number[],
  stopped: Stopped,
  step: Step,
): Promise<void> {
  const [first = 0, ...others] = order;
  const node = host.node(first);
  const force = `rabbitmqctl -n ${node.name} force_boot`;
  step(`${node.name} is started and forced`);
  await node.start();
  if (first === LAST) {
    await node.ready();
    expectEqual("exit code of force_boot", (await host.line(force)).code, EXIT_APP_STATE);
    for (const other of others) await host.node(other).start();
    for (const other of others) await host.node(other).ready();
    await expectAllRun(host);
    await expectContents(host, stopped);
    return;
  }
  await expectWaiting(host, node);
  expectMatch("force_boot", await host.ok(force), /was running when this node stopped/);
  await node.ready();
  await expectContents(host, stopped, { at: node, before: first });
  for (const other of others) {
    step(`${host.node(other).name} is kept out and joins as a new node`);
    await host.node(other).start();
    await expectFenced(host.node(other));
    await joinAnew(host, host.node(other), node);
  }
  await expectAllRun(host);
}

/** The cluster has gone on without it in a way that it cannot be part of. */
async function expectFenced(node: HostNode): Promise<void> {
  expectEqual(`exit code of ${node.name}`, await node.exit(), EXIT_FENCED);
  await node.logged(/^cannot start: node '.+' thinks it's (clustered with node|a member of)/);
}

async function startWithout(host: Host, lost: number, stopped: Stopped, step: Step): Promise<void> {
  const lostNode = host.node(lost);
  await lostNode.wipe();
  const others = [1, 2, 3].filter((number) => number !== lost);
  step(`the others are started without ${lostNode.name}`);
  for (const number of others) await host.node(number).start();
  for (const number of others) await host.node(number).ready();
  await expectContents(host, stopped, { at: host.node(LAST) });
  step(`${lostNode.name} is forgotten, and joins as a new node`);
  await joinAnew(host, lostNode, host.node(LAST));
  await expectAllRun(host);
}

async function startWithoutLast(host: Host, stopped: Stopped, step: Step): Promise<void> {
  const [one, two, three] = [host.node(1), host.node(2), host.node(3)];
  await three.wipe();
  step("rabbit2@localhost goes on without the node that stopped last");
  await two.start();
  await expectWaiting(host, two);
  const forget = `rabbitmqctl -n ${two.name} forget_cluster_node --offline ${three.name}`;
  expectMatch("forget_cluster_node", await host.ok(forget), /was running when this node stopped/);
  await two.ready();
  await expectContents(host, stopped, { at: two, before: 2 });
  step("the other one is kept out");
  await one.start();
  await expectFenced(one);
  await joinAnew(host, one, two);
  await three.start();
  await three.ready();
  await joinTo(host, three, two);
  await expectAllRun(host);
}

/** A node that is not there any more leaves the cluster, and one of the same name comes. */
async function joinAnew(host: Host, node: HostNode, member: HostNode): Promise<void> {
  await node.wipe();
  await host.ok(`rabbitmqctl -n ${member.name} forget_cluster_node ${node.name}`);
  await node.start();
  await node.ready();
  await joinTo(host, node, member);
}

async function joinTo(host: Host, node: HostNode, member: HostNode): Promise<void> {
  await host.ok(`rabbitmqctl -n ${node.name} stop_app`);
  await host.ok(`rabbitmqctl -n ${node.name} join_cluster ${member.name}`);
  await host.ok(`rabbitmqctl -n ${node.name} start_app`);
}

async function expectAllRun(host: Host): Promise<void> {
  const names = host.nodes.map(({ name }) => name);
  for (const name of names) {
    expectEqual(`running nodes at ${name}`, (await statusOf(host, name)).running_nodes, names);
  }
}

/** Takes everything: nothing that was confirmed, before the stop of a node if one is named, may be missing. */
async function expectContents(
  host: Host,
  { load, before }: Stopped,
  { at, before: number }: { readonly at?: HostNode; readonly before?: number } = {},
): Promise<void> {
  const counts = number === undefined ? undefined : before.get(number);
  const { name } = at ?? host.node(1);
  await until("all queues are served", async () => {
    const queues = await queuesOf(host, name, "state");
    return QUEUES.every((queue) => queues.get(queue)?.["state"] === "running");
  });
  for (const [index, queue] of QUEUES.entries()) {
    const node = at ?? host.node(1 + (index % host.nodes.length));
    const found = new Set((await drain(node.url, queue)).map(numberIn));
    const missing = load.confirmed(queue, counts).filter((one) => !found.has(one));
    if (missing.length === 0) continue;
    throw new Error(`${queue} at ${node.name} lacks ${missing.length}: ${missing.slice(0, 10)}`);
  }
}
