import { fileURLToPath } from "node:url";
import { runProgram } from "../../clients/processes/child-program.ts";
import { preparePython } from "../../clients/suites.ts";
import { drain, publish, take, withChannel } from "../host/clients.ts";
import { Host } from "../host/host.ts";
import { expectEqual, expectMatch, until } from "../host/until.ts";
import { type QueueRow, queuesOf, startAlone, statusOf } from "./form.ts";
import { type Scenario, withHost } from "./scenario.ts";

const PYTHON: string = fileURLToPath(new URL("../python/", import.meta.url));
const PROGRAM_MAX_MS = 60_000;
const NAMES = ["rabbit1@localhost", "rabbit2@localhost", "rabbit3@localhost"];
/** Headings of cluster_status, in RabbitMQ's order. */
const SECTIONS = [
  ...["Basics", "Disk Nodes", "Running Nodes", "Versions", "Maintenance status", "Alarms"],
  ...["Network Partitions", "Listeners", "Feature flags"],
];

/** RabbitMQ's guide for a cluster on one host, word by word; then queues with and without a policy. */
export const SEED_CHAPTER: Scenario = {
  name: "seed-chapter",
  run: (step) =>
    withHost(Host.make(3), async (host) => {
      await startAlone(host);
      for (const name of NAMES.slice(1)) {
        step(`${name} joins`);
        await joinAsWritten(host, name);
      }
      step("set_policy ha-all");
      const policy = `ha-all '^hello' '{"ha-mode":"all","ha-sync-mode":"automatic"}'`;
      expectEqual(
        "set_policy",
        await host.ok(`rabbitmqctl -n rabbit1@localhost set_policy ${policy}`),
        'Setting policy "ha-all" for pattern "^hello" to "{"ha-mode":"all","ha-sync-mode":"automatic"}" with priority "0" for vhost "/" ...\n',
      );
      await host.node(1).logged(/^Successfully set policy 'ha-all' matching all names/);
      step("a queue of node 1 is written and read at nodes 2 and 3");
      await useFromEverywhere(host);
      step("kill -9 of its leader loses nothing");
      await loseLeader(host);
      step("a queue without a policy is down with its home, and complete when that returns");
      await loseHome(host);
    }),
};

async function joinAsWritten(host: Host, name: string): Promise<void> {
  const ctl = `rabbitmqctl -n ${name}`;
  const says = async (command: string, text: string): Promise<void> =>
    expectEqual(command, await host.ok(`${ctl} ${command}`), text);
  await says("stop_app", `Stopping rabbit application on node ${name} ...\n`);
  await says("reset", `Resetting node ${name} ...\n`);
  await says("join_cluster rabbit1@localhost", `Clustering node ${name} with rabbit1@localhost\n`);
  await says("start_app", `Starting node ${name} ...\n`);
  const members = NAMES.slice(0, NAMES.indexOf(name) + 1);
  for (const member of members) await expectStatus(host, member, members);
}

/** All agree as soon as start_app has returned. */
async function expectStatus(host: Host, name: string, members: readonly string[]): Promise<void> {
  const status = await statusOf(host, name);
  expectEqual(`cluster name at ${name}`, status.cluster_name, NAMES[0]);
  expectEqual(`members at ${name}`, status.disk_nodes, members);
  expectEqual(`running nodes at ${name}`, status.running_nodes, members);
  expectEqual(`partitions at ${name}`, status.partitions, {});
  for (const member of members) {
    const protocols = (status.listeners[member] ?? []).map(({ protocol }) => protocol).toSorted();
    expectEqual(`listeners of ${member} at ${name}`, protocols, ["amqp", "clustering"]);
  }
  const text = await host.ok(`rabbitmqctl -n ${name} cluster_status`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: headings are in bold
  const headings = [...text.matchAll(/^\u001b\[1m(.+?)\u001b\[0m$/gm)].map(([, title]) => title);
  expectEqual(`sections at ${name}`, headings, SECTIONS);
}

async function useFromEverywhere(host: Host): Promise<void> {
  const [one, two, three] = [host.node(1), host.node(2), host.node(3)];
  await withChannel(one.url, async (channel) => {
    await channel.assertQueue("hello", { durable: true });
  });
  await pika("send.py", two.url, "hello", "0", "20");
  await publish(three.url, "hello", numbers(20, 20));
  const row = (await queuesOf(host, three.name, "policy state messages members")).get("hello");
  expectEqual("the queue at node 3", row, {
    ...{ name: "hello", policy: "ha-all", state: "running", messages: 40, members: NAMES },
  });
  expectEqual("read by pika at node 3", await pika("receive.py", three.url, "hello", "10"), [
    ...numbers(0, 10),
  ]);
  expectEqual("read by amqplib at node 2", await take(two.url, "hello", 10), numbers(10, 10));
}

async function loseLeader(host: Host): Promise<void> {
  let before: QueueRow | undefined;
  // What was acknowledged last may still be on its way to the leader.
  await until("the queue has 20 messages", async () => {
    before = (await queuesOf(host, "rabbit2@localhost", "leader messages")).get("hello");
    return before?.["messages"] === 20;
  });
  const leader = host.nodes.find(({ name }) => name === before?.["leader"]);
  if (leader === undefined) throw new Error(`nobody leads the queue: ${JSON.stringify(before)}`);
  const [next, last] = host.nodes.filter((node) => node !== leader);
  if (next === undefined || last === undefined) throw new Error("there are fewer than three nodes");
  await leader.kill();
  await publish(next.url, "hello", numbers(40, 20));
  for (const { name, logged } of [next, last].map((node) => ({
    name: node.name,
    logged: node.logged(new RegExp(`^rabbit on node ${leader.name} down$`)),
  }))) {
    await logged;
    const status = await statusOf(host, name);
    expectEqual(`running nodes at ${name}`, status.running_nodes, [next.name, last.name]);
  }
  expectEqual("read at the node that is left", await drain(last.url, "hello"), numbers(20, 40));
  await leader.start();
  await leader.ready();
  for (const { name } of host.nodes) await expectStatus(host, name, NAMES);
}

async function loseHome(host: Host): Promise<void> {
  const [one, two] = [host.node(1), host.node(2)];
  await withChannel(one.url, async (channel) => {
    await channel.assertQueue("plain", { durable: true });
  });
  await publish(two.url, "plain", numbers(0, 30));
  await one.kill();
  await until("the queue is down", async () => {
    const row = (await queuesOf(host, two.name, "messages state")).get("plain");
    return row?.["state"] === "down";
  });
  const line = `rabbitmqctl -q -n ${two.name} list_queues name messages state --no-table-headers`;
  expectMatch("list_queues", await host.ok(line), /^plain\t\tdown$/m);
  const refused = await withChannel(two.url, (channel) => channel.checkQueue("plain")).then(
    () => "found",
    (error: unknown) => String(error),
  );
  expectMatch(
    "a passive declare",
    refused,
    /404 \(NOT[-_]FOUND\).*home node 'rabbit1@localhost' of durable queue 'plain' in vhost '\/' is down or inaccessible/,
  );
  await one.start();
  await one.ready();
  expectEqual("complete", await drain(two.url, "plain"), numbers(0, 30));
}

function numbers(first: number, count: number): string[] {
  return Array.from({ length: count }, (_, at) => String(first + at));
}

async function pika(program: string, ...args: readonly string[]): Promise<readonly string[]> {
  return runProgram({
    command: await preparePython(),
    arguments: [`${PYTHON}${program}`, ...args],
    environment: { PYTHONDONTWRITEBYTECODE: "1" },
    timeoutMs: PROGRAM_MAX_MS,
  });
}
