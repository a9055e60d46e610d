import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ControlError } from "@leveret/control";
import { describe, expect, test } from "vitest";
import { UnreachableError } from "../src/caller.ts";
import { COMMANDS } from "../src/commands/all-commands.ts";
import { TOOLS } from "../src/commands/command.ts";
import { FakeCaller } from "./fake-caller.ts";
import { runTool, type ToolResult } from "./run-tool.ts";

describe("logs", () => {
  test("are shown, the last lines or as they come", async () => {
    const answers = { log_tail: ["one", "two"], log_tail_stream: ["three"] };
    const tool = "rabbitmq-diagnostics";
    expect(await runTool(["log_tail", "-N", "2"], { answers, tool })).toEqual({
      code: 0,
      out: "Last 2 log lines on node rabbit@localhost ...\none\ntwo\n",
      error: "",
    });
    const stream = await runTool(["log_tail_stream", "-d", "1"], { answers, tool });
    expect(stream.out).toBe("Streaming logs from node rabbit@localhost for 1 seconds ...\nthree\n");
  });

  test("have levels that can be set, and no others", async () => {
    const caller = new FakeCaller({});
    const set = await runTool(["set_log_level", "debug"], { connect: async () => caller });
    expect(set).toMatchObject({ code: 0, out: 'Setting log level to "debug" ...\n' });
    expect(caller.asked.at(-1)).toEqual({ method: "set_log_level", params: { level: "debug" } });
    expect(await runTool(["set_log_level", "loud"])).toMatchObject({ code: 69, out: "" });
  });
});

test("events are picked by a pattern, and what is missing is said", async () => {
  const answers = {
    event_stream: [
      { event: "queue.created", name: "q" },
      { event: null, missed: 3 },
      { event: "user.created", name: "queue" },
    ],
  };
  const tool = "rabbitmq-diagnostics";
  const picked = await runTool(["consume_event_stream", "--pattern", "^queue"], { answers, tool });
  expect(picked).toEqual({
    code: 0,
    out: '{"event":"queue.created","name":"q"}\n{"event":null,"missed":3}\n',
    error: "",
  });
  const wrong = await runTool(["consume_event_stream", "--pattern", "("], { answers, tool });
  expect(wrong).toMatchObject({ code: 65, out: "" });
});

test("the metadata store is there as soon as the node runs", async () => {
  const args = ["check_if_metadata_store_initialized", "-q"];
  expect(await runTool(args)).toEqual({
    code: 0,
    out: "Metadata store on node rabbit@localhost has completed its initialization\n",
    error: "",
  });
  const answers = { node_state: { node: "rabbit@localhost", state: "starting" } };
  expect(await runTool(args, { answers })).toEqual({
    code: 69,
    out: "",
    error:
      "Error:\nMetadata store on node rabbit@localhost reports to not yet have finished initialization\n",
  });
});

describe("certificates", () => {
  const inDays = (days: number): number => Math.floor(Date.now() / 1000) + days * 86_400;
  const certificate = (days: number): object => ({
    setting: "ssl_options.certfile",
    file: "server.pem",
    subject: "CN=server",
    issuer: "CN=ca",
    serial: "01",
    not_before: inDays(-1),
    not_after: inDays(days),
  });

  test.each([
    [["--within", "1", "--unit", "weeks"], 8, 0],
    [["--within", "1", "--unit", "weeks"], 6, 69],
    [[], 27, 69],
    [[], 29, 0],
    [["--within", "30", "--unit", "days"], -1, 69],
    [["--unit", "moons"], 1, 64],
  ])("%j, with %i days left: %i", async (options, days, code) => {
    const answers = { certificates: [certificate(days)] };
    const result = await runTool(["check_certificate_expiration", ...options], { answers });
    expect(result.code).toBe(code);
    if (code === 69) expect(result.error).toContain("Subject: CN=server");
  });

  test("are listed with what they say", async () => {
    const answers = { certificates: [certificate(1)] };
    const { out } = await runTool(["certificates", "-q"], { answers });
    expect(out).toMatch(/^ssl_options\.certfile: server\.pem\nSubject: CN=server\n/);
    expect((await runTool(["certificates", "-q"])).out).toBe("(none)\n");
  });
});

test("a hash of hash_password is salt and digest, and has nothing to do with a node", async () => {
  const connect = () => Promise.reject(new UnreachableError([]));
  const { out, code } = await runTool(["hash_password", "secret"], { connect });
  expect(code).toBe(0);
  const bytes = Buffer.from(out.trim(), "base64");
  const salt = bytes.subarray(0, 4);
  const digest = createHash("sha256").update(salt).update("secret").digest();
  expect(bytes.subarray(4).equals(digest)).toBe(true);
  const typed = await runTool(["hash_password", "--hashing-algorithm", "sha512"], {
    connect,
    input: ["secret"],
  });
  expect(Buffer.from(typed.out.trim().split("\n").at(-1) ?? "", "base64")).toHaveLength(4 + 64);
  expect(await runTool(["hash_password", "x", "--hashing-algorithm", "rot13"])).toMatchObject({
    code: 64,
  });
});

test("permissions are set in each vhost", async () => {
  const caller = new FakeCaller({ list_vhosts: [["/"], ["shop"]] });
  await runTool(["set_permissions_globally", "u", "c", "w", "r"], { connect: async () => caller });
  const set = caller.asked.filter(({ method }) => method === "set_permissions");
  expect(set.map(({ params }) => params)).toEqual(
    ["/", "shop"].map((vhost) => ({ user: "u", vhost, configure: "c", write: "w", read: "r" })),
  );
});

describe("checks of queues and policies", () => {
  test("fail when a quorum queue has no leader", async () => {
    const answers = {
      list_queues: [
        ["q1", "quorum", null],
        ["q2", "quorum", "rabbit@a"],
        ["c", "classic", null],
      ],
    };
    const name = "check_for_quorum_queues_without_an_elected_leader";
    const bad = await runTool([name, ".*"], { answers });
    expect(bad).toMatchObject({
      code: 69,
      error: expect.stringContaining("queue 'q1' in vhost '/'"),
    });
    expect(bad.error).not.toContain("'c'");
    expect(await runTool([name, "^q2"], { answers })).toMatchObject({ code: 0 });
    expect(await runTool([name, "("], { answers })).toMatchObject({ code: 65 });
  });

  test("fail while a new replica has not got all", async () => {
    const name = "check_if_new_quorum_queue_replicas_have_finished_initial_sync";
    const rows = (synchronised: readonly string[]): object => ({
      list_vhosts: [["/"]],
      list_queues: [["q", "quorum", ["a", "b"], synchronised]],
    });
    expect(await runTool([name], { answers: rows(["a"]) as never })).toMatchObject({ code: 69 });
    expect(await runTool([name], { answers: rows(["a", "b"]) as never })).toMatchObject({
      code: 0,
    });
  });

  test("find policies that mirror, in all vhosts", async () => {
    const row = (definition: object): unknown[] => [
      "/",
      "p",
      ".*",
      "all",
      JSON.stringify(definition),
      0,
    ];
    const answers = (definition: object): object => ({
      list_vhosts: [["/"]],
      list_policies: [row(definition)],
    });
    const check = "check_if_cluster_has_classic_queue_mirroring_policy";
    expect(
      await runTool([check], { answers: answers({ "ha-mode": "all" }) as never }),
    ).toMatchObject({ code: 69 });
    expect(await runTool([check], { answers: answers({ expires: 1 }) as never })).toMatchObject({
      code: 0,
    });
    const list = await runTool(["list_policies_with_classic_queue_mirroring", "-s"], {
      answers: answers({ "ha-mode": "all" }) as never,
    });
    expect(list.out).toBe('/\tp\t.*\tall\t{"ha-mode":"all"}\t0\n');
  });
});

describe("wait", () => {
  test("waits for the file, the process and the node", async () => {
    const folder = mkdtempSync(join(tmpdir(), "leveret-wait-"));
    const file = join(folder, "pid");
    let tries = 0;
    const connect = async (): Promise<FakeCaller> => {
      tries++;
      if (tries === 1) throw new UnreachableError(["not yet"]);
      const isReady = tries > 2;
      return new FakeCaller(
        isReady ? {} : { await_startup: new ControlError("app_not_running", "") },
      );
    };
    const waiting = runTool(["wait", file, "-t", "20"], { connect });
    setImmediate(() => writeFileSync(file, `${process.pid}\n`));
    expect(await waiting).toEqual({
      code: 0,
      out: [
        `Waiting for pid file '${file}' to appear`,
        `pid is ${process.pid}`,
        `Waiting for erlang distribution on node 'rabbit@localhost' while OS process '${process.pid}' is running`,
        "Waiting for applications 'rabbit_and_plugins' to start on node 'rabbit@localhost'",
        "Applications 'rabbit_and_plugins' are running on node 'rabbit@localhost'",
        "",
      ].join("\n"),
      error: "",
    });
    rmSync(folder, { recursive: true });
  });

  test("ends when the process has ended, or was never named", async () => {
    const ended = spawnSync(process.execPath, ["-e", "0"]).pid;
    expect(await runTool(["wait", "--pid", String(ended)])).toMatchObject({
      code: 69,
      error: "Error:\nprocess_not_running\n",
    });
    expect(await runTool(["wait"])).toMatchObject({ code: 64 });
  });
});

describe("rabbitmq-plugins", () => {
  function plugins(...args: readonly string[]): Promise<ToolResult> {
    // It asks no node.
    const connect = () => Promise.reject(new UnreachableError([]));
    return runTool(args, { tool: "rabbitmq-plugins", connect });
  }

  test("shows what is built in as enabled", async () => {
    const { out, code } = await plugins("list", "management$");
    expect(code).toBe(0);
    expect(out).toContain('Listing plugins with pattern "management$" ...\n');
    expect(out).toContain("[E*] rabbitmq_management            built in\n");
    expect(out).toContain("[  ] rabbitmq_shovel_management     -\n");
    const minimal = await plugins("list", "-q", "-m", "-E", "prometheus");
    expect(minimal.out).toBe("rabbitmq_prometheus\n");
  });

  test("takes the command of every tutorial, and says what to do without what is not there", async () => {
    const enabled = await plugins("enable", "rabbitmq_management");
    expect(enabled).toMatchObject({ code: 0, error: "" });
    expect(enabled.out).toMatch(
      /^Enabling plugins on node rabbit@localhost:\nrabbitmq_management\nThe following plugins have been configured:\n(?: {2}rabbitmq_\w+\n)+Applying plugin configuration to rabbit@localhost\.\.\.\nPlugin configuration unchanged\.\n$/,
    );
    const shovel = await plugins("enable", "rabbitmq_management", "rabbitmq_shovel");
    expect(shovel).toMatchObject({
      code: 69,
      error: expect.stringContaining("rabbitmq_shovel: use "),
    });
    const unknown = await plugins("enable", "nope");
    expect(unknown.error).toBe("Error:\n{:plugins_not_found, [:nope]}\n");
    expect(await plugins("disable", "rabbitmq_management")).toMatchObject({ code: 69 });
    expect(await plugins("disable", "rabbitmq_shovel")).toMatchObject({ code: 0 });
    expect(await plugins("enable")).toMatchObject({ code: 64 });
  });

  test("answers whether plugins are enabled by its exit code", async () => {
    expect(await plugins("is_enabled", "rabbitmq_management", "rabbitmq_prometheus")).toMatchObject(
      { code: 0 },
    );
    expect(await plugins("is_enabled", "rabbitmq_management", "rabbitmq_mqtt")).toMatchObject({
      code: 69,
      error: expect.stringContaining(
        "Error:\nPlugin rabbitmq_mqtt is not enabled on node rabbit@localhost. Enabled plugins and dependencies: ",
      ),
    });
  });

  test("alone knows commands such as list", async () => {
    expect(await runTool(["list"])).toMatchObject({ code: 64 });
    expect((await runTool(["autocomplete", "is_en"])).out).toBe("");
  });
});

test("each tool's help names its own commands, and says how they are used", async () => {
  for (const tool of TOOLS) {
    const { out } = await runTool(["help"], { tool });
    const listed = [...out.matchAll(/^ {3}(\w+) {2,}/gm)].map(([, name]) => name);
    const own = [...COMMANDS.values()].filter(({ tools }) => tools.includes(tool));
    expect(own.length).toBeGreaterThan(4);
    for (const { name } of own) expect(listed).toContain(name);
  }
});
