import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ConfigError } from "../../src/config/config-error.ts";
import { loadConfig } from "../../src/config/load-config.ts";

describe("variables of RabbitMQ and its image", () => {
  let cwd: string;

  beforeEach(() => {
    cwd = mkdtempSync(join(tmpdir(), "leveret-variables-"));
  });

  afterEach(() => {
    rmSync(cwd, { recursive: true, force: true });
  });

  function load(env: Readonly<Record<string, string>>): ReturnType<typeof loadConfig> {
    return loadConfig({ cwd, host: "hare.example.com", env });
  }

  test("name node, user, password, vhost, ports and cookie", () => {
    const { config } = load({
      RABBITMQ_NODENAME: "bunny@burrow",
      RABBITMQ_DEFAULT_USER: "ann",
      RABBITMQ_DEFAULT_PASS: "secret",
      RABBITMQ_DEFAULT_VHOST: "shop",
      RABBITMQ_NODE_PORT: "5680",
      RABBITMQ_DIST_PORT: "25680",
      RABBITMQ_ERLANG_COOKIE: "COOKIE",
    });
    expect(config.node.name).toBe("bunny@burrow");
    expect(config.defaults).toMatchObject({ user: "ann", password: "secret", vhost: "shop" });
    expect(config.listeners.tcp).toEqual([{ address: undefined, port: 5680 }]);
    expect(config.cluster).toMatchObject({ cookie: "COOKIE", listener: { port: 25680 } });
  });

  test("name the data directory as a whole, or the one it is in", () => {
    expect(load({ RABBITMQ_MNESIA_DIR: "here" }).config.node.dataDir).toBe(join(cwd, "here"));
    const base = { RABBITMQ_MNESIA_BASE: "/var/base", RABBITMQ_NODENAME: "a@b" };
    expect(load(base).config.node.dataDir).toBe("/var/base/a@b");
    expect(load({ ...base, LEVERET_DATA_DIR: "/mine" }).config.node.dataDir).toBe("/mine");
  });

  test("say whether names of nodes are long", () => {
    expect(load({}).config.node.name).toBe("rabbit@hare");
    const { config } = load({ RABBITMQ_USE_LONGNAME: "true" });
    expect(config.node.name).toBe("rabbit@hare.example.com");
  });

  test("name files with secrets; the value itself counts more", () => {
    writeFileSync(join(cwd, "user"), "ann\n");
    writeFileSync(join(cwd, "pass"), "from a file\n");
    const files = { RABBITMQ_DEFAULT_USER_FILE: "user", RABBITMQ_DEFAULT_PASS_FILE: "pass" };
    expect(load(files).config.defaults).toMatchObject({ user: "ann", password: "from a file" });
    const both = load({ ...files, RABBITMQ_DEFAULT_PASS: "given" });
    expect(both.config.defaults).toMatchObject({ user: "ann", password: "given" });
    expect(() => load({ RABBITMQ_DEFAULT_PASS_FILE: "missing" })).toThrow(ConfigError);
    expect(() => load({ RABBITMQ_DEFAULT_PASS_FILE: "missing" })).toThrow(
      /^RABBITMQ_DEFAULT_PASS_FILE: ENOENT/,
    );
  });

  test("name the configuration file and the folder of further ones", () => {
    mkdirSync(join(cwd, "parts"));
    writeFileSync(join(cwd, "main.conf"), "heartbeat = 7\nframe_max = 8192\n");
    writeFileSync(join(cwd, "parts/10.conf"), "heartbeat = 8\n");
    const { config } = load({
      RABBITMQ_CONFIG_FILE: join(cwd, "main"),
      RABBITMQ_CONFIG_FILES: "parts",
    });
    expect(config.limits).toMatchObject({ heartbeatSeconds: 8, frameMax: 8192 });
    expect(load({ RABBITMQ_CONFIG_FILES: "parts" }).config.limits.heartbeatSeconds).toBe(8);
  });

  test("say where the log goes, and what of it", () => {
    writeFileSync(join(cwd, "leveret.conf"), "log.file = other.log\nlog.console.level = error\n");
    const toFile = load({ RABBITMQ_LOGS: "my.log", RABBITMQ_LOG: "debug,connection.error,+color" });
    expect(toFile.config.log).toMatchObject({
      isConsole: false,
      file: join(cwd, "my.log"),
      fileLevel: "debug",
      categoryLevels: { connection: "error" },
    });
    const toConsole = load({ RABBITMQ_LOGS: "-" });
    expect(toConsole.config.log).toMatchObject({ isConsole: true, consoleFd: 1, file: undefined });
    expect(load({ RABBITMQ_LOGS: "-stderr" }).config.log.consoleFd).toBe(2);
    const inFolder = load({ RABBITMQ_LOG_BASE: "/var/log/hare" });
    expect(inFolder.config.log.file).toBe("/var/log/hare/other.log");
    expect(() => load({ RABBITMQ_LOG: "loud" })).toThrow(/^RABBITMQ_LOG:1: log.*must be one of/);
  });

  test.each([
    ["0.25", { relative: 0.25 }],
    ["25%", { relative: 0.25 }],
    ["1GB", { absolute: 1_000_000_000 }],
  ])("set the memory limit: %s", (value, limit) => {
    const { config } = load({ RABBITMQ_VM_MEMORY_HIGH_WATERMARK: value });
    expect(config.alarms.memoryWatermark).toEqual(limit);
  });

  test("count more than the file, and are told apart when they do nothing", () => {
    writeFileSync(join(cwd, "leveret.conf"), "product.name = File\n");
    const { config, warnings, notices } = load({
      RABBITMQ_PRODUCT_NAME: "Variable",
      RABBITMQ_PLUGINS_DIR: "/plugins",
      RABBITMQ_ADVANCED_CONFIG_FILE: "/etc/advanced.config",
      RABBITMQ_SERVICE_HOST: "10.0.0.1",
      RABBITMQ_FEATURE_FLAGS: "",
    });
    expect(config.product.name).toBe("Variable");
    expect(warnings).toEqual([
      "RABBITMQ_ADVANCED_CONFIG_FILE is accepted and has no effect: Erlang terms are not read; use the other file.",
    ]);
    expect(notices).toEqual([
      "RABBITMQ_PLUGINS_DIR is accepted and has no effect: All that is there is on; there are no plugins to enable.",
    ]);
  });
});
