import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { ConfigError } from "../../src/config/config-error.ts";
import { type ConfigSources, defaultConfig, loadConfig } from "../../src/config/load-config.ts";
import { CONFIG_SECTIONS } from "../../src/config/schema.ts";
import { fallbackOf } from "../../src/config/settings.ts";

describe("loadConfig", () => {
  let cwd: string;

  beforeEach(() => {
    cwd = mkdtempSync(join(tmpdir(), "leveret-config-"));
  });

  afterEach(() => {
    rmSync(cwd, { recursive: true, force: true });
  });

  function write(name: string, text: string): string {
    const file = join(cwd, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }

  function load(sources: Omit<ConfigSources, "cwd"> = {}): ReturnType<typeof loadConfig> {
    return loadConfig({ cwd, host: "hare.example.com", ...sources });
  }

  function configOf(text: string): Config {
    write("leveret.conf", text);
    return load().config;
  }

  function problemsOf(sources: Omit<ConfigSources, "cwd"> = {}): readonly string[] {
    try {
      load(sources);
    } catch (error) {
      if (error instanceof ConfigError) return error.problems;
      throw error;
    }
    return [];
  }

  test("without any setting has the defaults of RabbitMQ 3.13, and no consumer timeout", () => {
    const { config, warnings } = load();
    expect(warnings).toEqual([]);
    expect(config.limits).toEqual({
      heartbeatSeconds: 60,
      frameMax: 131072,
      initialFrameMax: 4096,
      channelMax: 2047,
      channelMaxPerNode: undefined,
      consumerMaxPerChannel: undefined,
      connectionMax: undefined,
      vhostMax: undefined,
      queueMax: undefined,
      maxMessageSize: 134217728,
      consumerTimeoutMs: undefined,
    });
    expect(config.node.name).toBe("rabbit@hare");
    expect(config.listeners.tcp).toEqual([{ address: undefined, port: 5672 }]);
    expect(config.listeners.tls).toEqual([]);
    expect(config.listeners.handshakeTimeoutMs).toBe(10_000);
    expect(config.tls).toBeUndefined();
    expect(config.auth).toMatchObject({
      backends: [{ authn: "internal", authz: "internal" }],
      mechanisms: ["AMQPLAIN", "PLAIN"],
      loopbackUsers: ["guest"],
      passwordHashing: "sha256",
      credentialValidator: { kind: "accept_everything" },
    });
    expect(config.defaults).toMatchObject({
      user: "guest",
      password: "guest",
      vhost: "/",
      userTags: ["administrator"],
      permissions: { configure: ".*", write: ".*", read: ".*" },
      queueType: "classic",
    });
    expect(config.alarms.memoryWatermark).toEqual({ relative: 0.4 });
  });

  test("takes a flag before the environment, that before the file, and that before the default", () => {
    write(
      "leveret.conf",
      "listeners.tcp.default = 1001\nlog.console.level = error\ndefault_user = file",
    );
    const env = { RABBITMQ_NODE_PORT: "1002", LEVERET_LOG_LEVEL: "warning" };
    const { config } = load({ env, flags: { "amqp-port": "1003" } });
    expect(config.listeners.tcp).toEqual([{ address: undefined, port: 1003 }]);
    expect(load({ env }).config.listeners.tcp).toEqual([{ address: undefined, port: 1002 }]);
    expect(load().config.listeners.tcp).toEqual([{ address: undefined, port: 1001 }]);
    expect(config.log.consoleLevel).toBe("warning");
    expect(load({ env: { RABBITMQ_DEFAULT_USER: "env" } }).config.defaults.user).toBe("env");
    expect(config.defaults.user).toBe("file");
  });

  test("takes our variable before RabbitMQ's, and an empty one as not set", () => {
    const env = { LEVERET_NODE_NAME: "a@b", RABBITMQ_NODENAME: "c@d" };
    expect(load({ env }).config.node.name).toBe("a@b");
    expect(load({ env: { ...env, LEVERET_NODE_NAME: "" } }).config.node.name).toBe("c@d");
  });

  test("does not mistake the variables of a Kubernetes service for settings", () => {
    const env = {
      LEVERET_AMQP_PORT: "tcp://10.0.0.1:5672",
      LEVERET_PORT: "tcp://10.0.0.1:5672",
      LEVERET_SERVICE_HOST: "10.0.0.1",
      LEVERET_PORT_5672_TCP_ADDR: "10.0.0.1",
    };
    const { config, warnings } = load({ env });
    expect(config.listeners.tcp).toEqual([{ address: undefined, port: 5672 }]);
    expect(warnings).toEqual([]);
  });

  test("merges conf.d beside the file, in order of the names; the last of a key counts", () => {
    const main = write("etc/rabbitmq.conf", "heartbeat = 10\nframe_max = 8192\nframe_max = 16384");
    const ten = write("etc/conf.d/10-a.conf", "heartbeat = 20\nchannel_max = 5");
    const twenty = write("etc/conf.d/20-b.conf", "channel_max = 6");
    write("etc/conf.d/30-c.txt", "nonsense");
    const { config } = load({ flags: { config: "etc/rabbitmq.conf" } });
    expect(config.limits).toMatchObject({ heartbeatSeconds: 20, frameMax: 16384, channelMax: 6 });
    expect(config.files).toEqual([main, ten, twenty]);
  });

  test("finds the file of RABBITMQ_CONFIG_FILE without its ending, as RabbitMQ does", () => {
    const file = write("rabbitmq.conf", "heartbeat = 7");
    const env = { RABBITMQ_CONFIG_FILE: join(cwd, "rabbitmq") };
    expect(load({ env }).config.files).toEqual([file]);
  });

  test("warns of an unknown key with its line and the nearest name, and goes on", () => {
    const file = write(
      "leveret.conf",
      "# c\n\nhearbeat = 3\nlistener.tcp.x = 1\nzzzzzzzzzzzzzzzz = 1",
    );
    const { warnings, config } = load();
    expect(warnings).toEqual([
      `${file}:3: unknown key hearbeat; did you mean heartbeat?`,
      `${file}:4: unknown key listener.tcp.x; did you mean listeners.tcp.x?`,
      `${file}:5: unknown key zzzzzzzzzzzzzzzz`,
    ]);
    expect(config.limits.heartbeatSeconds).toBe(60);
  });

  test.each([
    ["--strict-config", { flags: { "strict-config": true } }, ""],
    ["LEVERET_STRICT_CONFIG=1", { env: { LEVERET_STRICT_CONFIG: "1" } }, ""],
    ["config.strict = true", {}, "config.strict = true\n"],
  ])("refuses an unknown key with %s", (_name, sources, text) => {
    write("leveret.conf", `${text}hearbeat = 3`);
    expect(problemsOf(sources)).toEqual([expect.stringContaining("did you mean heartbeat?")]);
  });

  test("refuses all wrong values in one go, with file, line and what was expected", () => {
    const file = write(
      "leveret.conf",
      "heartbeat = soon\nframe_max = 1\ndefault_queue_type = lazy",
    );
    expect(problemsOf()).toEqual([
      `${file}:1: heartbeat must be an integer from 0 to 65535, not \`soon\``,
      expect.stringContaining(`${file}:3: default_queue_type must be one of classic, quorum`),
    ]);
  });

  test("does not print a wrong value of a key that may be secret", () => {
    write("leveret.conf", "password_hashing_module = hunter2");
    expect(problemsOf()).toEqual([expect.not.stringContaining("hunter2")]);
  });

  test.each([
    ["a syntax error", "heartbeat", "leveret.conf:1:10: expected `=` and a value after the key"],
    [
      "a frame_max below the specification's minimum",
      "frame_max = 100",
      "frame_max must be at least 4096",
    ],
    [
      "a TLS listener without a certificate",
      "listeners.ssl.1 = 5671",
      "a TLS listener needs ssl_options.certfile and ssl_options.keyfile",
    ],
  ])("refuses %s", (_name, text, problem) => {
    write("leveret.conf", text);
    expect(problemsOf()).toEqual([expect.stringContaining(problem)]);
  });

  test("refuses a file that is not there, no file, or too large", () => {
    expect(problemsOf({ flags: { config: "no.conf" } })[0]).toContain("no.conf does not exist");
    expect(problemsOf({ flags: { config: "." } })[0]).toContain("is not a file");
    write("leveret.conf", "#".repeat(1024 * 1024 + 1));
    expect(problemsOf()[0]).toContain("is larger than 1048576 bytes");
  });

  test.each(["rabbit@", "@host", "a b@c", "a@b@c"])("refuses the node name `%s`", (name) => {
    expect(problemsOf({ flags: { "node-name": name } })[0]).toContain(
      "the node name must be NAME@HOST",
    );
  });

  test("completes a node name without a host", () => {
    expect(load({ env: { RABBITMQ_NODENAME: "bunny" } }).config.node.name).toBe("bunny@hare");
  });

  test("listens where it is told: by number, by name, nowhere, on one address", () => {
    expect(configOf("listeners.tcp.1 = ::1:5673\nlisteners.tcp.2 = 5674").listeners.tcp).toEqual([
      { address: "::1", port: 5673 },
      { address: undefined, port: 5674 },
    ]);
    expect(configOf("listeners.tcp = none\nlisteners.tcp.1 = 5673").listeners.tcp).toEqual([]);
    expect(load({ flags: { "amqp-port": "off" } }).config.listeners.tcp).toEqual([]);
    expect(load({ flags: { "amqp-port": "0", bind: "127.0.0.1" } }).config.listeners.tcp).toEqual([
      { address: "127.0.0.1", port: 0 },
    ]);
  });

  test("reads ssl_options, with file names relative to the configuration file", () => {
    write(
      "etc/a.conf",
      `listeners.ssl.default = 5671
       ssl_options.cacertfile = ca.pem
       ssl_options.certfile = /abs/cert.pem
       ssl_options.keyfile = ../key.pem
       ssl_options.verify = verify_peer
       ssl_options.fail_if_no_peer_cert = true
       ssl_options.versions.2 = tlsv1.2
       ssl_options.versions.1 = tlsv1.3
       ssl_options.ciphers.10 = B
       ssl_options.ciphers.9 = A`,
    );
    const { config } = load({ flags: { config: "etc/a.conf" } });
    expect(config.listeners.tls).toEqual([{ address: undefined, port: 5671 }]);
    expect(config.tls).toEqual({
      caCertFile: join(cwd, "etc/ca.pem"),
      certFile: "/abs/cert.pem",
      keyFile: join(cwd, "key.pem"),
      password: undefined,
      verify: "verify_peer",
      isPeerCertRequired: true,
      versions: ["tlsv1.3", "tlsv1.2"],
      ciphers: ["A", "B"],
      isCipherOrderHonored: true,
    });
  });

  test("reads users, limits and operator policies that fill an empty broker", () => {
    const { defaults } = configOf(
      `default_users.ann.password = s3cret
       default_users.ann.tags = monitoring, policymaker
       default_users.ann.vhost_pattern = ^dev
       default_users.bob.read = ^$
       default_user_tags.management = true
       default_user_tags.administrator = false
       default_limits.vhosts.1.pattern = ^dev
       default_limits.vhosts.1.max_queues = 10
       default_policies.operator.ttl.vhost_pattern = ^dev
       default_policies.operator.ttl.message_ttl = 1h
       default_policies.operator.ttl.max_length_bytes = 1KB
       default_policies.operator.ttl.classic_queues.ha_mode = exactly
       default_policies.operator.ttl.classic_queues.ha_params = 2`,
    );
    const all = { configure: ".*", write: ".*", read: ".*" };
    expect(defaults.users).toEqual([
      {
        name: "ann",
        password: "s3cret",
        tags: ["monitoring", "policymaker"],
        vhostPattern: "^dev",
        permissions: all,
      },
      {
        name: "bob",
        password: undefined,
        tags: [],
        vhostPattern: ".*",
        permissions: { ...all, read: "^$" },
      },
    ]);
    expect(defaults.userTags).toEqual(["management"]);
    expect(defaults.vhostLimits).toEqual([
      { name: "1", pattern: "^dev", maxConnections: undefined, maxQueues: 10 },
    ]);
    expect(defaults.operatorPolicies).toEqual([
      {
        name: "ttl",
        vhostPattern: "^dev",
        queuePattern: ".*",
        applyTo: "queues",
        definition: {
          "message-ttl": 3_600_000,
          "max-length-bytes": 1024,
          "ha-mode": "exactly",
          "ha-params": 2,
        },
      },
    ]);
  });

  test.each<[string, string, (config: Config) => unknown, unknown]>([
    ["loopback_users = none", "none", (config) => config.auth.loopbackUsers, []],
    ["loopback_users.guest = false", "", (config) => config.auth.loopbackUsers, []],
    ["loopback_users.ann = true", "", (config) => config.auth.loopbackUsers, ["ann"]],
    ["auth_mechanisms.1 = PLAIN", "", (config) => config.auth.mechanisms, ["PLAIN"]],
    ["consumer_timeout = 1800000", "", (config) => config.limits.consumerTimeoutMs, 1_800_000],
    ["consumer_timeout = infinity", "", (config) => config.limits.consumerTimeoutMs, undefined],
    ["max_connections = 9", "", (config) => config.limits.connectionMax, 9],
    ["ranch_connection_max = 8", "", (config) => config.limits.connectionMax, 8],
    ["max_channels_per_connection = 7", "", (config) => config.limits.channelMax, 7],
    [
      "handshake_timeout = infinity",
      "",
      (config) => config.listeners.handshakeTimeoutMs,
      undefined,
    ],
    ["default_queue_type = quorum", "", (config) => config.defaults.queueType, "quorum"],
    [
      "password_hashing_module = rabbit_password_hashing_sha512",
      "",
      (config) => config.auth.passwordHashing,
      "sha512",
    ],
    [
      "vm_memory_high_watermark.absolute = 1GB\nvm_memory_high_watermark.relative = 0.5",
      "absolute first",
      (config) => config.alarms.memoryWatermark,
      { absolute: 1e9 },
    ],
    [
      "disk_free_limit.relative = 1.5",
      "",
      (config) => config.alarms.diskFreeLimit,
      { relative: 1.5 },
    ],
    ["product.name = Hare", "", (config) => config.product.name, "Hare"],
    [
      "log.connection.level = debug",
      "",
      (config) => config.log.categoryLevels,
      { connection: "debug" },
    ],
    ["log.console.formatter = plaintext", "", (config) => config.log.consoleFormat, "pretty"],
    ["log.file = false", "", (config) => config.log.file, undefined],
    ["log.dir = /var/log\nlog.file = a.log", "", (config) => config.log.file, "/var/log/a.log"],
  ])("%s (%s)", (text, _note, read, expected) => {
    expect(read(configOf(text))).toEqual(expected);
  });

  test("reads a password validator", () => {
    const min =
      "credential_validator.validation_backend = rabbit_credential_validator_min_password_length";
    expect(
      configOf(`${min}\ncredential_validator.min_length = 12`).auth.credentialValidator,
    ).toEqual({
      kind: "min_password_length",
      minLength: 12,
    });
    const regexp =
      "credential_validator.validation_backend = rabbit_credential_validator_password_regexp";
    expect(
      configOf(`${regexp}\ncredential_validator.regexp = ^x`).auth.credentialValidator,
    ).toEqual({
      kind: "password_regexp",
      regexp: "^x",
    });
  });

  test("loads definitions of the file, then those of the flags; a folder stands for its files", () => {
    const [a, two, one, c, d] = ["a.json", "defs/2.json", "defs/1.json", "c.json", "d.json"].map(
      (name) => write(name, "{}"),
    );
    write("defs/readme.txt", "");
    write("leveret.conf", "load_definitions = a.json\ndefinitions.local.path = defs");
    const flags = { definitions: ["c.json", "d.json"] };
    expect(load({ flags }).config.definitions).toEqual([a, one, two, c, d]);
    const env = { LEVERET_DEFINITIONS: "c.json,d.json" };
    expect(load({ env }).config.definitions).toEqual([a, one, two, c, d]);
    expect(problemsOf({ flags: { definitions: ["no.json"] } })).toEqual([
      `definitions file ${join(cwd, "no.json")} does not exist`,
    ]);
  });

  test("says quietly what has no effect, and loudly where somebody may rely on it", () => {
    write(
      "leveret.conf",
      "stream.replication.port = 5\nssl_options.crl_check = true\nlog.syslog = false",
    );
    const { warnings, notices } = load({
      flags: { "in-memory": true, "prometheus-port": "off" },
    });
    expect(warnings).toEqual([
      expect.stringContaining("ssl_options.crl_check is accepted and has no effect"),
    ]);
    expect(notices).toEqual([
      expect.stringContaining("stream.replication.port is accepted and has no effect"),
      expect.stringContaining("log.syslog is accepted and has no effect"),
    ]);
  });

  test("watches free space as RabbitMQ does by default, if anything is stored", () => {
    expect(load().config.alarms.diskFreeLimit).toEqual({ absolute: 50_000_000 });
    const inMemory = load({ flags: { "in-memory": true } });
    expect(inMemory.config.alarms.diskFreeLimit).toBeUndefined();
  });

  test("names the nearest environment variable", () => {
    expect(load({ env: { LEVERET_AMPQ_PORT: "1" } }).warnings).toEqual([
      "unknown environment variable LEVERET_AMPQ_PORT; did you mean LEVERET_AMQP_PORT?",
    ]);
  });

  test("has no data directory without a name: that of an unset variable is no choice", () => {
    expect(() => load({ flags: { "data-dir": "" } })).toThrow("--data-dir names no directory");
    expect(load({ env: { LEVERET_DATA_DIR: "" } }).config.node.dataDir).toBe(join(cwd, "data"));
  });

  test("cannot be changed afterwards", () => {
    const { config } = load();
    expect(() => Object.assign(config.limits, { frameMax: 1 })).toThrow(TypeError);
    expect(() => Object.assign(config.auth.mechanisms, { 0: "x" })).toThrow(TypeError);
  });

  test("of an embedded broker stores nothing and needs no folder", () => {
    expect(defaultConfig("h").node).toMatchObject({ name: "rabbit@h", dataDir: undefined });
  });

  test("has a default of the right type for every key of the table", () => {
    for (const { pattern } of CONFIG_SECTIONS.flatMap(({ keys }) => keys)) {
      expect(() => fallbackOf(pattern), pattern).not.toThrow();
    }
  });
});
