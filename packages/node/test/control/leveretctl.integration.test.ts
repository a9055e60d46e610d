import { type ChannelModel, connect } from "amqplib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OperationError } from "../../src/control/operation-error.ts";
import { ControlledBroker } from "./controlled-broker.ts";
import { type CliResult, leveretctl } from "./run-leveretctl.ts";

/** Each command is a process. */
const TEST_MAX_MS = 60_000;

let node: ControlledBroker;
let client: ChannelModel;

beforeAll(async () => {
  node = await ControlledBroker.start();
  client = await connect(`amqp://guest:guest@127.0.0.1:${node.amqpPort}`);
}, TEST_MAX_MS);

afterAll(async () => {
  client.on("error", () => undefined);
  await node[Symbol.asyncDispose]();
});

function ctl(...args: readonly string[]): Promise<CliResult> {
  return leveretctl(node.port, args);
}

describe("leveretctl against a broker", { timeout: TEST_MAX_MS }, () => {
  test("lists what a client has declared, with its messages and consumers", async () => {
    const channel = await client.createConfirmChannel();
    await channel.assertQueue("orders", { arguments: { "x-max-length": 10 } });
    await channel.bindQueue("orders", "amq.topic", "order.#");
    await channel.consume("orders", () => undefined, { consumerTag: "worker" });
    channel.sendToQueue("orders", Buffer.from("one"), { persistent: true });
    await channel.waitForConfirms();
    const queues = await ctl(
      "list_queues",
      "name",
      "messages",
      "consumers",
      "durable",
      "arguments",
    );
    expect(queues).toEqual({
      code: 0,
      out: 'Timeout: 60.0 seconds ...\nListing queues for vhost / ...\nname\tmessages\tconsumers\tdurable\targuments\norders\t1\t1\ttrue\t[{"x-max-length",10}]\n',
      error: "",
    });
    const [bindings, consumers, channels, connections] = await Promise.all([
      ctl("list_bindings", "-q"),
      ctl("list_consumers", "-s", "queue_name", "consumer_tag", "ack_required", "active"),
      ctl("list_channels", "-s", "user", "consumer_count", "messages_unacknowledged", "confirm"),
      ctl("list_connections", "-q", "--formatter", "json", "user", "peer_host", "state", "pid"),
    ]);
    expect(bindings.out).toContain("\texchange\torders\tqueue\torders\t[]\n");
    expect(bindings.out).toContain("amq.topic\texchange\torders\tqueue\torder.#\t[]\n");
    expect(consumers.out).toBe("orders\tworker\ttrue\ttrue\n");
    expect(channels.out).toBe("guest\t1\t1\ttrue\n");
    expect(JSON.parse(connections.out)).toEqual([
      {
        user: "guest",
        peer_host: "127.0.0.1",
        state: "running",
        pid: expect.stringMatching(/^<rabbit@localhost\.1\.\d+\.0>$/),
      },
    ]);
    await channel.close();
  });

  test("makes users, who may do what they are granted", async () => {
    const added = await leveretctl(node.port, ["add_user", "alice"], { input: "secret\n" });
    expect(added).toMatchObject({ code: 0 });
    expect(added.out).toContain('Adding user "alice" ...\nPassword: ');
    const again = await ctl("add_user", "alice", "x");
    expect(again).toMatchObject({ code: 70, error: 'Error:\nUser "alice" already exists\n' });
    await ctl("set_permissions", "alice", "^a", ".*", ".*");
    expect((await ctl("list_permissions", "-s")).out).toContain("alice\t^a\t.*\t.*\n");
    const [good, bad] = await Promise.all([
      ctl("authenticate_user", "alice", "secret"),
      ctl("authenticate_user", "alice", "wrong"),
    ]);
    expect(good).toMatchObject({ code: 0, out: 'Authenticating user "alice" ...\nSuccess\n' });
    expect(bad).toMatchObject({
      code: 65,
      error:
        "Error:\nError: failed to authenticate user \"alice\"\nuser 'alice' - invalid credentials\n",
    });
    const deleted = await ctl("delete_user", "alice");
    expect(deleted).toEqual({ code: 0, out: 'Deleting user "alice" ...\n', error: "" });
    expect(await ctl("delete_user", "alice")).toMatchObject({
      code: 67,
      error: 'Error:\nUser "alice" does not exist\n',
    });
  });

  test("sets policies that apply to queues", async () => {
    await ctl(
      "set_policy",
      "--priority",
      "3",
      "--apply-to",
      "queues",
      "cap",
      "^ord",
      '{"max-length":5}',
    );
    expect((await ctl("list_policies", "-s")).out).toBe(
      '/\tcap\t^ord\tqueues\t{"max-length":5}\t3\n',
    );
    expect((await ctl("list_queues", "-s", "name", "policy")).out).toBe("orders\tcap\n");
    const cleared = await ctl("clear_policy", "cap", "^ord", '{"max-length":5}');
    expect(cleared).toMatchObject({ code: 0, out: 'Clearing policy "cap" on vhost "/" ...\n' });
    expect(cleared.error).toMatch(/^Warning: clear_policy takes the policy's name only/);
    expect(await ctl("set_policy", "bad", "^x", '{"not-a-key":1}')).toMatchObject({
      code: 69,
      error:
        'Error:\nValidation failed\n\n[{<<"not-a-key">>,1}] are not recognised policy settings\n\n',
    });
  });

  test("purges and deletes queues under conditions", async () => {
    const channel = await client.createConfirmChannel();
    await channel.assertQueue("waste");
    channel.sendToQueue("waste", Buffer.from("x"));
    await channel.waitForConfirms();
    expect(await ctl("delete_queue", "waste", "--if-empty")).toEqual({
      code: 64,
      out: "Deleting queue 'waste' on vhost '/' if queue is empty ...\n",
      error: "Error:\nQueue is not empty\n",
    });
    expect(await ctl("purge_queue", "waste")).toMatchObject({ code: 0, error: "" });
    const deleted = await ctl("delete_queue", "waste", "-e", "-u");
    expect(deleted.out).toBe(
      "Deleting queue 'waste' on vhost '/' if queue is empty and if queue is unused ...\nQueue was successfully deleted with 0 ready messages\n",
    );
    await channel.close();
  });

  test("closes connections with a reason that their clients read", async () => {
    const other = await connect(`amqp://guest:guest@127.0.0.1:${node.amqpPort}`);
    const reason = new Promise<string>((resolve) => {
      // amqplib takes a close by an operator for no error.
      other.on("close", (error: Error) => resolve(error.message));
    });
    const listed = await ctl("list_connections", "-s", "pid");
    const [, pid = ""] = listed.out.trim().split("\n");
    expect(await ctl("close_connection", pid, "maintenance")).toMatchObject({ code: 0 });
    expect(await reason).toContain("CONNECTION_FORCED - maintenance");
  });

  test("shows the node's status, environment and cluster without secrets", async () => {
    const [status, json, cluster, environment, report] = await Promise.all([
      ctl("status"),
      ctl("status", "--formatter", "json"),
      ctl("cluster_status", "--formatter", "json"),
      ctl("environment"),
      ctl("report"),
    ]);
    expect(status.out).toMatch(/^Status of node rabbit@localhost \.\.\.\n.*Runtime/);
    expect(status.out).toContain("Queue count: 1\n");
    expect(JSON.parse(json.out)).toMatchObject({
      pid: process.pid,
      totals: { queue_count: 1, virtual_host_count: 1 },
    });
    expect(JSON.parse(cluster.out)).toMatchObject({
      disk_nodes: ["rabbit@localhost"],
      running_nodes: ["rabbit@localhost"],
    });
    expect(environment.out).toContain("[{leveret,");
    expect(environment.out).toContain('{password,<<"[redacted]">>}');
    expect(report).toMatchObject({ code: 0, error: "" });
  });

  test("leaves out what was not given", async () => {
    const done = await Promise.all([
      ctl("add_vhost", "bare"),
      ctl("clear_topic_permissions", "guest"),
      ctl("clear_user_limits", "guest", "all"),
      ctl("list_user_limits", "--global"),
      ctl("list_vhost_limits", "--global"),
      ctl("close_all_connections", "-p", "bare", "bye"),
    ]);
    expect(done.map(({ code, error }) => [code, error])).toEqual(done.map(() => [0, ""]));
    expect((await ctl("list_vhosts", "-s", "name", "description", "tags")).out).toContain(
      "bare\t\t[]\n",
    );
    expect((await ctl("delete_vhost", "bare")).code).toBe(0);
  });

  test("refuses a wrong cookie and a node that is not there, with diagnostics", async () => {
    const wrong = await ctl("--cookie", "OTHER", "status");
    expect(wrong).toMatchObject({ code: 69, out: "" });
    expect(wrong.error).toContain("DIAGNOSTICS\n===========\n");
    const absent = await ctl("-n", "nosuch@localhost", "list_queues");
    expect(absent).toMatchObject({ code: 69, out: "" });
    expect(absent.error).toMatch(
      /^Error: unable to perform an operation on node 'nosuch@localhost'\. Please see diagnostics/,
    );
    expect(absent.error).toContain("the node that answers is rabbit@localhost");
  });

  test("speaks of queues by the name of the tool for them", async () => {
    const critical = await leveretctl(node.port, ["check_if_node_is_quorum_critical"], {
      program: "rabbitmq-queues",
    });
    expect(critical).toEqual({
      code: 0,
      out: "Checking if node rabbit@localhost is critical for quorum of any quorum queues ...\nNode rabbit@localhost seems to be the only one in a single node cluster, the check does not apply\n",
      error: "",
    });
  });
});

describe("leveretctl against a node whose app comes and goes", { timeout: TEST_MAX_MS }, () => {
  test("stops the app, does what needs it stopped, and starts it again", async () => {
    const channel = await client.createChannel();
    await channel.assertQueue("kept");
    expect(await ctl("reset")).toMatchObject({ code: 64, out: "" });
    expect(await ctl("stop_app")).toEqual({
      code: 0,
      out: "Stopping rabbit application on node rabbit@localhost ...\n",
      error: "",
    });
    const listed = await ctl("list_queues");
    expect(listed).toMatchObject({ code: 64, out: "" });
    expect(listed.error).toMatch(
      /^Error: this command requires the 'rabbit' app to be running on the target node\. Start it with 'rabbitmqctl start_app'\.\nArguments given:\n\tlist_queues\n/,
    );
    const joined = await ctl("join_cluster", "--ram", "rabbit@other:25673");
    expect(joined).toMatchObject({
      code: 0,
      out: "Clustering node rabbit@localhost with rabbit@other:25673\n",
    });
    node.refusal = new OperationError("not_a_cluster_node", "no such member");
    expect(await ctl("forget_cluster_node", "rabbit@gone")).toMatchObject({
      code: 69,
      error: "Error:\n{:not_a_cluster_node, 'The node selected is not in the cluster.'}\n",
    });
    expect(await ctl("forget_cluster_node", "--offline", "rabbit@gone")).toMatchObject({ code: 0 });
    expect((await ctl("force_boot")).out).toBe("what rabbit@other has not sent is lost\n");
    expect((await ctl("cluster_status")).out).toContain("Disk Nodes");
    expect(await ctl("ping")).toMatchObject({ code: 0 });
    expect(await ctl("start_app")).toMatchObject({ code: 0, error: "" });
    expect((await ctl("list_queues", "-s", "name")).out).toContain("kept\n");
    expect(node.asked).toEqual([
      "join rabbit@other:25673 ram",
      "forget rabbit@gone",
      "forget rabbit@gone offline",
      "force_boot",
    ]);
  });

  test("stops the process, and returns when it is gone", async () => {
    expect(await ctl("stop")).toEqual({
      code: 0,
      out: "Stopping and halting node rabbit@localhost ...\n",
      error: "",
    });
    expect(node.asked.at(-1)).toBe("stop");
  });
});
