import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parsePeer } from "../../src/config/build-cluster.ts";
import type { ClusterConfig } from "../../src/config/config.ts";
import { ConfigError } from "../../src/config/config-error.ts";
import type { FlagValues } from "../../src/config/flags.ts";
import type { Environment } from "../../src/config/given-flags.ts";
import { defaultConfig, loadConfig } from "../../src/config/load-config.ts";

describe("the cluster's part of the configuration", () => {
  let cwd: string;

  beforeEach(() => {
    cwd = mkdtempSync(join(tmpdir(), "leveret-config-"));
  });

  afterEach(() => {
    rmSync(cwd, { recursive: true, force: true });
  });

  function load(
    text: string,
    flags: FlagValues = {},
    env: Environment = {},
  ): ReturnType<typeof loadConfig> {
    writeFileSync(join(cwd, "leveret.conf"), text);
    return loadConfig({ cwd, host: "hare", flags, env });
  }

  function clusterOf(text: string, flags: FlagValues = {}, env: Environment = {}): ClusterConfig {
    return load(text, flags, env).config.cluster;
  }

  function problemsOf(text: string, flags: FlagValues = {}): readonly string[] {
    try {
      load(text, flags);
    } catch (error) {
      if (error instanceof ConfigError) return error.problems;
      throw error;
    }
    return [];
  }

  test("has RabbitMQ's port and patience, and a cookie in the data directory", () => {
    expect(clusterOf("")).toEqual({
      listener: { address: undefined, port: 25672 },
      cookie: undefined,
      cookieFile: join(cwd, "data", "cookie"),
      tls: undefined,
      peers: [],
      formation: {
        nodes: [],
        dnsHostname: undefined,
        retryLimit: 10,
        retryIntervalMs: 500,
        targetSize: undefined,
      },
      runtimeDir: undefined,
      bootRetryLimit: 10,
      bootRetryTimeoutMs: 30_000,
      onBootTimeout: "wait",
      queueLeaderLocator: "client-local",
    });
  });

  test("has no port in memory and embedded, unless asked for, with a cookie", () => {
    expect(defaultConfig().cluster.listener).toBeUndefined();
    expect(clusterOf("", { "in-memory": true })).toMatchObject({
      listener: undefined,
      cookieFile: undefined,
    });
    expect(problemsOf("", { "in-memory": true, "cluster-port": "0" })).toEqual([
      "a cluster port with --in-memory needs --cookie or --cookie-file",
    ]);
    const flags = { "in-memory": true, "cluster-port": "0", cookie: "SECRET", bind: "127.0.0.1" };
    expect(clusterOf("", flags)).toMatchObject({
      listener: { address: "127.0.0.1", port: 0 },
      cookie: "SECRET",
    });
    expect(clusterOf("", { "cluster-port": "off" }).listener).toBeUndefined();
  });

  test("takes cookie and port from RabbitMQ's variables, and flags before them", () => {
    const env = { RABBITMQ_ERLANG_COOKIE: "FROMENV", RABBITMQ_DIST_PORT: "30000" };
    expect(clusterOf("", {}, env)).toMatchObject({ cookie: "FROMENV", listener: { port: 30000 } });
    expect(clusterOf("", { cookie: "FLAG" }, env).cookie).toBe("FLAG");
    expect(clusterOf("", { "cookie-file": "secret" }).cookieFile).toBe(join(cwd, "secret"));
  });

  test("has a port of its own for each port of clients, as RabbitMQ", () => {
    const portOf = (env: Environment): number | undefined => clusterOf("", {}, env).listener?.port;
    expect(portOf({ RABBITMQ_NODE_PORT: "5673" })).toBe(25673);
    expect(portOf({ RABBITMQ_NODE_PORT: "5673", RABBITMQ_DIST_PORT: "7" })).toBe(7);
    expect(portOf({ RABBITMQ_NODE_PORT: "0" })).toBe(0);
    expect(portOf({ RABBITMQ_NODE_PORT: "60000" })).toBe(25672);
    expect(clusterOf("", { "runtime-dir": "run" }).runtimeDir).toBe(join(cwd, "run"));
  });

  test("reads peers of flags and of the file", () => {
    expect(clusterOf("", { peer: ["rabbit@a:1", "rabbit@b"] }).peers).toEqual([
      { name: "rabbit@a", host: "a", port: 1 },
      { name: "rabbit@b", host: "b", port: undefined },
    ]);
    const text = `cluster_formation.peer_discovery_backend = rabbit_peer_discovery_classic_config
      cluster_formation.classic_config.nodes.2 = rabbit@d
      cluster_formation.classic_config.nodes.1 = rabbit@c:7
      cluster_formation.discovery_retry_limit = unlimited
      cluster_formation.discovery_retry_interval = 100
      cluster_formation.target_cluster_size_hint = 3`;
    expect(clusterOf(text).formation).toEqual({
      nodes: [
        { name: "rabbit@c", host: "c", port: 7 },
        { name: "rabbit@d", host: "d", port: undefined },
      ],
      dnsHostname: undefined,
      retryLimit: undefined,
      retryIntervalMs: 100,
      targetSize: 3,
    });
    expect(problemsOf("", { peer: ["a:1"] })).toEqual(["--peer must be NAME@HOST:PORT, not `a:1`"]);
    for (const wrong of [
      "",
      "a",
      "@b:1",
      "a@:1",
      "a@b:0",
      "a@b:65536",
      "a@b:x",
      "a@b@c",
      "a@b:1:2",
    ])
      expect(parsePeer(wrong), wrong).toBeUndefined();
  });

  test("finds nodes by DNS instead", () => {
    const dns = "cluster_formation.peer_discovery_backend = dns\n";
    const host = "cluster_formation.dns.hostname = nodes.example\n";
    const list = "cluster_formation.classic_config.nodes.1 = rabbit@a\n";
    expect(clusterOf(dns + host + list).formation).toMatchObject({
      dnsHostname: "nodes.example",
      nodes: [],
    });
    expect(clusterOf(host).formation.dnsHostname).toBeUndefined();
    expect(problemsOf(dns)).toEqual(["discovery by dns needs cluster_formation.dns.hostname"]);
    expect(problemsOf("cluster_formation.peer_discovery_backend = k8s")).toEqual([
      expect.stringContaining("must be one of classic_config, dns"),
    ]);
  });

  test("reads how long a start waits, and what comes then", () => {
    const text = `mnesia_table_loading_retry_limit = 3
      mnesia_table_loading_retry_timeout = 1000
      cluster.on_boot_timeout = exit`;
    expect(clusterOf(text)).toMatchObject({
      bootRetryLimit: 3,
      bootRetryTimeoutMs: 1000,
      onBootTimeout: "exit",
    });
  });

  test.each([
    ["queue_leader_locator = client-local", "client-local"],
    ["queue_leader_locator = balanced", "balanced"],
    ["queue_leader_locator = least-leaders", "balanced"],
    ["queue_master_locator = min-masters", "balanced"],
    ["queue_master_locator = client-local", "client-local"],
    ["queue_master_locator = min-masters\nqueue_leader_locator = client-local", "client-local"],
  ])("%s: %s", (text, locator) => {
    expect(clusterOf(text).queueLeaderLocator).toBe(locator);
  });

  test("has TLS with all three files, beside the configuration file, or not at all", () => {
    const text = `cluster.tls.certfile = node.pem
      cluster.tls.keyfile = node.key`;
    expect(clusterOf(`${text}\ncluster.tls.cacertfile = /etc/ca.pem`).tls).toEqual({
      certFile: join(cwd, "node.pem"),
      keyFile: join(cwd, "node.key"),
      caCertFile: "/etc/ca.pem",
    });
    expect(problemsOf(text)).toEqual([expect.stringContaining("TLS of the cluster port needs")]);
  });

  test("tells that partition handling is not needed, and warns of other ways to find nodes", () => {
    const { notices, warnings } = load(
      "cluster_partition_handling = autoheal\ncluster_formation.consul.host = x",
    );
    expect(notices).toEqual([expect.stringContaining("nothing is left to be healed")]);
    expect(warnings).toEqual([expect.stringContaining("There is no such way to find nodes")]);
  });
});
