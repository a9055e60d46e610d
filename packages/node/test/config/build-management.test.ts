import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ManagementConfig } from "../../src/config/config.ts";
import { ConfigError } from "../../src/config/config-error.ts";
import type { FlagValues } from "../../src/config/flags.ts";
import { defaultConfig, loadConfig } from "../../src/config/load-config.ts";

describe("the management API's part of the configuration", () => {
  let cwd: string;

  beforeEach(() => {
    cwd = mkdtempSync(join(tmpdir(), "leveret-config-"));
  });

  afterEach(() => {
    rmSync(cwd, { recursive: true, force: true });
  });

  function load(text: string, flags: FlagValues = {}): ManagementConfig {
    writeFileSync(join(cwd, "leveret.conf"), text);
    return loadConfig({ cwd, host: "hare", flags }).config.management;
  }

  function ports(text: string, flags: FlagValues = {}): readonly string[] {
    return load(text, flags).listeners.map(({ address = "*", port, tls, isOptional }) => {
      const scheme = tls === undefined ? "http" : "https";
      return `${scheme} ${address}:${port}${isOptional ? " if it is free" : ""}`;
    });
  }

  function problems(text: string): readonly string[] {
    try {
      load(text);
    } catch (error) {
      if (error instanceof ConfigError) return error.problems;
      throw error;
    }
    return [];
  }

  const TLS =
    "management.ssl.port = 15671\nmanagement.ssl.certfile = c.pem\nmanagement.ssl.keyfile = k.pem";

  test.each<readonly [string, FlagValues, readonly string[]]>([
    ["", {}, ["http *:15672 if it is free"]],
    ["", { bind: "127.0.0.1" }, ["http 127.0.0.1:15672 if it is free"]],
    ["", { "management-port": "0" }, ["http *:0"]],
    ["", { "management-port": "off" }, []],
    ["management.tcp.port = 15672", {}, ["http *:15672"]],
    ["management.tcp.port = 1", { "management-port": "2" }, ["http *:2"]],
    ["management.tcp.ip = ::1\nmanagement.tcp.port = 1", { bind: "127.0.0.1" }, ["http ::1:1"]],
    ["management.listener.port = 3\nmanagement.listener.ip = ::1", {}, ["http ::1:3"]],
    [TLS, {}, ["https *:15671"]],
    [`${TLS}\nmanagement.tcp.port = 5`, {}, ["http *:5", "https *:15671"]],
    [TLS, { "management-port": "6" }, ["http *:6", "https *:15671"]],
    [TLS, { "management-port": "off" }, []],
  ])("opens with %j and %j: %j", (text, flags, expected) => {
    expect(ports(text, flags)).toEqual(expected);
  });

  test("has no port in a broker that nobody configured", () => {
    expect(defaultConfig().management.listeners).toEqual([]);
  });

  test("reads prefix, origins, headers, sizes and times", () => {
    const { http, listeners } = load(
      [
        "management.path_prefix = /rabbit/",
        "management.cors.allow_origins.1 = https://a.example",
        "management.cors.allow_origins.2 = https://b.example",
        "management.cors.max_age = 60",
        "management.hsts.policy = max-age=5",
        "management.headers.frame_options = DENY",
        "management.http.max_body_size = 1000",
        "management.tcp.request_timeout = 1000",
        "management.tcp.idle_timeout = 2000",
        "management.tcp.max_keepalive = 3",
        "management.tcp.compress = false",
      ].join("\n"),
    );
    expect(http).toEqual({
      pathPrefix: "/rabbit",
      bodySizeMax: 1000,
      cors: { allowOrigins: ["https://a.example", "https://b.example"], maxAgeSeconds: 60 },
      headers: { "strict-transport-security": "max-age=5", "x-frame-options": "DENY" },
      isCompressed: false,
    });
    expect(listeners).toMatchObject([
      { requestTimeoutMs: 1000, idleTimeoutMs: 2000, keepAliveRequestsMax: 3 },
    ]);
  });

  test.each([
    [
      "management.ssl.port = 1",
      "management.ssl.port needs management.ssl.certfile and management.ssl.keyfile",
    ],
    [
      "management.path_prefix = rabbit",
      "management.path_prefix must be words with slashes before them: /rabbit",
    ],
    [
      "management.path_prefix = /a/../b?",
      "management.path_prefix must be words with slashes before them: /rabbit",
    ],
  ])("refuses %j", (text, problem) => {
    expect(problems(text)).toEqual([problem]);
  });

  test("says which keys of RabbitMQ do nothing", () => {
    writeFileSync(
      join(cwd, "leveret.conf"),
      "management.listener.ssl = true\nmanagement.http_log_dir = x",
    );
    const { warnings, notices } = loadConfig({ cwd, host: "hare" });
    expect(warnings).toEqual([expect.stringContaining("management.listener.ssl")]);
    expect(notices).toEqual([expect.stringContaining("management.http_log_dir")]);
  });
});
