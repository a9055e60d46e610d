import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CommandLine, readCommandLine } from "../src/command-line.ts";
import type { Config } from "../src/config/config.ts";
import { FLAGS } from "../src/config/flags.ts";

describe("the command line", () => {
  let cwd: string;

  beforeAll(() => {
    cwd = mkdtempSync(join(tmpdir(), "leveret-cli-"));
  });

  afterAll(() => {
    rmSync(cwd, { recursive: true, force: true });
  });

  function read(...argv: readonly string[]): CommandLine {
    return readCommandLine({ argv, env: {}, cwd, host: "hare" });
  }

  function configOf(...argv: readonly string[]): Config {
    const line = read(...argv);
    if (line.kind === "start") return line.config;
    throw new Error(line.kind === "exit" ? line.stderr : "another command");
  }

  test("sets what its flags say", () => {
    for (const name of ["a.json", "b.json"]) writeFileSync(join(cwd, name), "{}");
    const config = configOf(
      "--node-name=bunny@box",
      "--amqp-port",
      "0",
      "--bind",
      "127.0.0.1",
      "--definitions",
      "a.json",
      "--definitions",
      "b.json",
      "--default-user=ann",
      "--default-pass=s",
      "--default-vhost=v",
      "--log-level=debug",
      "--log-format=json",
      "--pid-file=x.pid",
      "--in-memory",
      "--detached",
    );
    expect(config.node).toEqual({
      name: "bunny@box",
      clusterName: undefined,
      dataDir: undefined,
      pidFile: join(cwd, "x.pid"),
      isDetached: true,
    });
    expect(config.listeners.tcp).toEqual([{ address: "127.0.0.1", port: 0 }]);
    expect(config.definitions).toEqual([join(cwd, "a.json"), join(cwd, "b.json")]);
    expect(config.defaults).toMatchObject({ user: "ann", password: "s", vhost: "v" });
    expect(config.log).toMatchObject({ consoleLevel: "debug", consoleFormat: "json" });
  });

  test("has ./data as data directory unless told otherwise", () => {
    expect(configOf().node.dataDir).toBe(join(cwd, "data"));
    expect(configOf("--data-dir=/srv/x").node.dataDir).toBe("/srv/x");
  });

  test.each<[string, readonly string[], string]>([
    [
      "an unknown flag, with the one that was meant",
      ["--amqp-prt", "1"],
      "unknown option '--amqp-prt' (Did you mean --amqp-port?)",
    ],
    ["a flag without its value", ["--amqp-port"], "option '--amqp-port <PORT>' argument missing"],
    ["a word that is no flag", ["start"], "too many arguments"],
    [
      "a wrong port",
      ["--amqp-port", "70000"],
      "--amqp-port must be an integer from 0 to 65535 or off, not `70000`",
    ],
    ["a wrong level", ["--log-level", "loud"], "--log-level must be one of debug, info"],
    [
      "a wrong format",
      ["--log-format", "xml"],
      "--log-format must be one of auto, pretty, json, not `xml`",
    ],
    ["a configuration file that is not there", ["--config", "no.conf"], "no.conf does not exist"],
    [
      "TLS without a certificate",
      ["--tls-port", "5671"],
      "a TLS listener needs ssl_options.certfile",
    ],
  ])("answers %s with one sentence and exit code 64", (_name, argv, sentence) => {
    const line = read(...argv);
    expect(line).toMatchObject({ kind: "exit", exitCode: 64, stdout: "" });
    const [first, hint, ...rest] = line.kind === "exit" ? line.stderr.split("\n") : [];
    expect(first).toContain(`leveret: `);
    expect(first).toContain(sentence);
    expect(hint).toContain("--help");
    expect(rest).toEqual([""]);
  });

  test.each(["--help", "-h"])("%s explains every flag, and exits 0", (flag) => {
    const line = read(flag);
    expect(line).toMatchObject({ kind: "exit", exitCode: 0, stderr: "" });
    for (const { name } of FLAGS) {
      expect(line).toHaveProperty("stdout", expect.stringContaining(`--${name} `));
    }
  });

  test.each(["--version", "-V"])("%s prints the version, and exits 0", (flag) => {
    expect(read(flag)).toEqual({
      kind: "exit",
      exitCode: 0,
      stdout: expect.stringMatching(/^leveret \d+\.\d+\.\d+\n$/),
      stderr: "",
    });
  });

  test("takes ports and `off` of the other listeners without a word", () => {
    const line = read("--in-memory", "--management-port=1", "--prometheus-port=off");
    expect(line).toMatchObject({ kind: "start", warnings: [] });
  });
});
