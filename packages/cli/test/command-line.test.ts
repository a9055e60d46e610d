import { ControlError } from "@leveret/control";
import { describe, expect, test } from "vitest";
import { UnreachableError } from "../src/caller.ts";
import { COMMANDS } from "../src/commands/all-commands.ts";
import { nodeAddress } from "../src/node-address.ts";
import { FakeCaller } from "./fake-caller.ts";
import { runTool } from "./run-tool.ts";

async function askedBy(...args: readonly string[]): Promise<unknown> {
  const caller = new FakeCaller({});
  await runTool(args, { connect: async () => caller });
  return caller.asked.at(-1);
}

describe("options", () => {
  test("may stand before the command, after it, and with an equals sign", async () => {
    const wanted = { method: "purge_queue", params: { vhost: "shop", name: "q" } };
    expect(await askedBy("-p", "shop", "purge_queue", "q")).toEqual(wanted);
    expect(await askedBy("purge_queue", "--vhost=shop", "q")).toEqual(wanted);
    expect(await askedBy("purge_queue", "q", "--vhost", "shop")).toEqual(wanted);
  });

  test("end at two dashes, so that names may begin with one", async () => {
    expect(await askedBy("purge_queue", "--", "-q")).toEqual({
      method: "purge_queue",
      params: { vhost: "/", name: "-q" },
    });
  });

  test("of another command are refused", async () => {
    const { code, error } = await runTool(["list_users", "--if-empty"]);
    expect(code).toBe(64);
    expect(error).toMatch(
      /^Error \(argument validation\): Invalid options for this command:\n--if-empty : \n/,
    );
  });

  test("that RabbitMQ accepts everywhere do no harm", async () => {
    const args = ["-l", "--print-stacktrace", "--script-name", "x", "list_users", "-q"];
    expect(await runTool(args)).toMatchObject({ code: 0, error: "" });
  });

  test("name formatters; one that there is not is refused with those there are", async () => {
    const { code, error } = await runTool(["list_users", "--formatter", "nope"]);
    expect(code).toBe(64);
    expect(error).toContain(
      "there is no formatter 'nope'; there are: table, string, pretty_table, json, csv, erlang",
    );
  });
});

describe("commands", () => {
  test("send what the node needs to know", async () => {
    expect(
      await askedBy("set_policy", "--priority", "2", "ha", "^ha\\.", '{"ha-mode":"all"}'),
    ).toEqual({
      method: "set_policy",
      params: {
        vhost: "/",
        name: "ha",
        pattern: "^ha\\.",
        definition: { "ha-mode": "all" },
        priority: 2,
        applyTo: "all",
      },
    });
    expect(await askedBy("list_queues", "name,messages", "consumers", "--local")).toEqual({
      method: "list_queues",
      params: {
        vhost: "/",
        online: false,
        offline: false,
        local: true,
        columns: ["name", "messages", "consumers"],
      },
    });
    expect(await askedBy("add_user", "u", "hash", "--pre-hashed-password")).toEqual({
      method: "add_user",
      params: { name: "u", passwordHash: "hash" },
    });
    expect(await askedBy("close_all_connections", "--global", "--limit", "3", "bye")).toEqual({
      method: "close_all_connections",
      params: { vhost: undefined, limit: 3, delayMs: 0, reason: "bye" },
    });
  });

  test("take a password from stdin, where no list of processes shows it", async () => {
    const caller = new FakeCaller({});
    await runTool(["change_password", "u"], { connect: async () => caller, input: ["secret"] });
    expect(caller.asked.at(-1)).toEqual({
      method: "change_password",
      params: { name: "u", password: "secret" },
    });
  });

  test("close the connection to the node, also when they fail", async () => {
    const caller = new FakeCaller({ delete_user: new ControlError("no_such_user", "") });
    await runTool(["delete_user", "u"], { connect: async () => caller });
    expect(caller.isClosed).toBe(true);
  });

  test("that take too long end with 75", async () => {
    const { code, error } = await runTool(["list_queues", "-t", "2"], {
      answers: { list_queues: new ControlError("timeout", "") },
    });
    expect(code).toBe(75);
    expect(error).toBe(
      "Error: operation list_queues on node rabbit@localhost timed out. Timeout value used: 2000\n",
    );
  });

  test("whose node vanishes end as if it had not been there", async () => {
    const { code, error } = await runTool(["list_users"], {
      answers: { list_users: new ControlError("disconnected", "the connection was lost") },
    });
    expect(code).toBe(69);
    expect(error).toContain("  * the connection was lost\n");
  });

  test("of RabbitMQ that make no sense here say what to do instead", async () => {
    const connect = () => Promise.reject(new UnreachableError([]));
    expect(await runTool(["eval", "1 + 1.", "--any"], { connect })).toEqual({
      code: 69,
      out: "",
      error:
        "Error:\neval is not supported by Leveret: there is no Erlang in a Leveret node to evaluate code with; use the other commands or the HTTP API\n",
    });
  });
});

describe("help", () => {
  test("names every command of the tool, and only those", async () => {
    const { out, code } = await runTool(["help"]);
    expect(code).toBe(0);
    const listed = [...out.matchAll(/^ {3}(\w+) {2,}/gm)].map(([, name]) => name);
    const own = ["autocomplete", "completion", "help", "version"];
    const wanted = [...COMMANDS.values()].filter(({ tools }) => tools.includes("rabbitmqctl"));
    expect(listed.sort()).toEqual([...own, ...wanted.map(({ name }) => name)].sort());
  });

  test("is shown on stderr with code 64 when there is no command, or an unknown one", async () => {
    const none = await runTool([]);
    expect(none).toMatchObject({ code: 64, out: "" });
    expect(none.error).toContain("Available commands:");
    const unknown = await runTool(["frobnicate"]);
    expect(unknown).toMatchObject({ code: 64, out: "" });
    expect(unknown.error).toMatch(/^\nCommand 'frobnicate' not found\. \n\n/);
  });

  test("of a command has its usage, columns and options, also by --help", async () => {
    const { out } = await runTool(["help", "list_exchanges"], { program: "leveretctl" });
    expect(out).toContain(
      "leveretctl [--node <node>] [--longnames] [--quiet] list_exchanges [--vhost <vhost>] [--no-table-headers] [<column> ...] [--timeout <timeout>]\n",
    );
    expect(out).toContain("<column>\n\tmust be one of arguments, auto_delete, durable,");
    const flag = await runTool(["list_exchanges", "--help"], { program: "leveretctl" });
    expect(flag.out).toBe(out);
  });

  test("completes names", async () => {
    expect((await runTool(["autocomplete", "list_q"])).out).toBe("list_queues\n");
  });
});

describe("names of nodes", () => {
  const env = { LEVERET_CLUSTER_PORT: "4000" };

  test.each([
    ["rabbit@h1", { name: "rabbit@h1", host: "h1", port: 4000, isNamed: true, hasPort: false }],
    ["c1@h1:25673", { name: "c1@h1", host: "h1", port: 25673, isNamed: true, hasPort: true }],
    ["c1@[::1]:25673", { name: "c1@::1", host: "::1", port: 25673, isNamed: true, hasPort: true }],
  ])("%s", (text, wanted) => {
    expect(nodeAddress(text, env)).toEqual(wanted);
  });

  test("default to rabbit on this machine and RabbitMQ's port", () => {
    const address = nodeAddress(undefined, {});
    expect(address).toMatchObject({ port: 25672, isNamed: false, hasPort: false });
    expect(address?.name).toMatch(/^rabbit@/);
    expect(nodeAddress(undefined, { RABBITMQ_NODENAME: "a@b" })?.name).toBe("a@b");
  });

  test("that are none are refused with 65", async () => {
    expect(nodeAddress("a@@b", env)).toBeUndefined();
    expect(await runTool(["-n", "a@@b", "status"])).toMatchObject({ code: 65, out: "" });
  });
});
