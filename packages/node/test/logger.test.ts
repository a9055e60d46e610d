import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { type LoggingOptions, type LogOutput, openLogging, SILENT_LOGGING } from "../src/logger.ts";

function collect(
  output: Partial<LogOutput> = {},
  categoryLevels: LoggingOptions["categoryLevels"] = {},
): { readonly logging: ReturnType<typeof openLogging>; readonly lines: string[] } {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const logging = openLogging({
    outputs: [{ destination, format: "json", level: "info", ...output }],
    categoryLevels,
  });
  return { logging, lines };
}

function messages(lines: readonly string[]): unknown[] {
  return lines.map((line) => JSON.parse(line).msg);
}

describe("openLogging", () => {
  test("writes JSON lines with RabbitMQ's level names, time, fields and message", () => {
    const { logging, lines } = collect();
    logging.root.warn({ port: 5672 }, "leveret ready");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/\n$/);
    expect(JSON.parse(lines[0] ?? "")).toEqual({
      level: "warning",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      port: 5672,
      msg: "leveret ready",
    });
  });

  test("writes one readable line per message on a terminal", () => {
    const { logging, lines } = collect({ format: "pretty" });
    logging.category("connection").error({ peer: "127.0.0.1:1" }, "closed");
    expect(lines.join("")).toMatch(
      /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\] \[error\]: connection: closed \{"peer":"127\.0\.0\.1:1"\}\n$/,
    );
  });

  test("uses colours only if asked to", () => {
    const colorStart = "\u001b[";
    const plain = collect({ format: "pretty" });
    const colored = collect({ format: "pretty", colors: true });
    plain.logging.root.info("x");
    colored.logging.root.info("x");
    expect(plain.lines.join("")).not.toContain(colorStart);
    expect(colored.lines.join("")).toContain(colorStart);
  });

  test.each([
    ["debug", ["d", "i", "w", "e", "f"]],
    ["info", ["i", "w", "e", "f"]],
    ["notice", ["i", "w", "e", "f"]],
    ["warning", ["w", "e", "f"]],
    ["error", ["e", "f"]],
    ["critical", ["f"]],
    ["none", []],
  ] as const)("at level %s passes on %j", (level, expected) => {
    const { logging, lines } = collect({ level });
    logging.root.debug("d");
    logging.root.info("i");
    logging.root.warn("w");
    logging.root.error("e");
    logging.root.fatal("f");
    expect(messages(lines)).toEqual(expected);
  });

  test("gives categories levels of their own, below that of the output", () => {
    const { logging, lines } = collect(
      { level: "debug" },
      { connection: "error", default: "warning" },
    );
    logging.category("connection").warn("no");
    logging.category("connection").error("connection");
    logging.category("queue").info("no");
    logging.category("queue").warn("queue follows default");
    logging.root.info("no");
    logging.root.warn("root is default");
    expect(messages(lines)).toEqual(["connection", "queue follows default", "root is default"]);
  });

  test("filters each output by its own level", () => {
    const all: string[] = [];
    const errors: string[] = [];
    const logging = openLogging({
      outputs: [
        { destination: { write: (line) => void all.push(line) }, format: "json", level: "debug" },
        {
          destination: { write: (line) => void errors.push(line) },
          format: "json",
          level: "error",
        },
      ],
    });
    logging.root.debug("a");
    logging.root.error("b");
    expect([messages(all), messages(errors)]).toEqual([["a", "b"], ["b"]]);
  });

  test("changes the level of all loggers and outputs, those that are made later, too", () => {
    const { logging, lines } = collect({}, { connection: "error" });
    const early = logging.category("connection");
    early.debug("unheard");
    logging.setLevel?.("debug");
    early.debug("early");
    logging.category("queue").debug("late");
    logging.root.debug("root");
    logging.setLevel?.("none");
    early.error("silenced");
    expect(messages(lines)).toEqual(["early", "late", "root"]);
    expect(logging.lines?.last(2).map((line) => JSON.parse(line).msg)).toEqual(["late", "root"]);
  });

  test("adds the fields of a child to each of its lines", () => {
    const { logging, lines } = collect();
    logging.category("connection").child({ connection: "a -> b" }).info("opened");
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      category: "connection",
      connection: "a -> b",
    });
  });

  test("appends to a file, made with its folder, and has written when the call returns", () => {
    const folder = mkdtempSync(join(tmpdir(), "leveret-log-"));
    const file = join(folder, "a", "x.log");
    for (const message of ["first", "second"]) {
      const logging = openLogging({
        outputs: [{ destination: { file }, format: "json", level: "info" }],
      });
      logging.root.info(message);
      expect(readFileSync(file, "utf8")).toContain(message);
      logging.close();
    }
    expect(messages(readFileSync(file, "utf8").trim().split("\n"))).toEqual(["first", "second"]);
    rmSync(folder, { recursive: true });
  });

  test.runIf(existsSync("/dev/full"))("drops lines when the disk is full, and goes on", () => {
    const destination = { file: "/dev/full" };
    const logging = openLogging({ outputs: [{ destination, format: "json", level: "info" }] });
    const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    logging.root.info("a");
    logging.root.info("b");
    const told = stderr.mock.calls.map(([text]) => String(text));
    stderr.mockRestore();
    logging.close();
    expect(told).toEqual([
      expect.stringContaining("the log /dev/full cannot be written: Error: ENOSPC"),
    ]);
  });

  test("cannot be opened with a file that cannot", () => {
    const destination = { file: join(import.meta.filename, "x.log") };
    expect(() =>
      openLogging({ outputs: [{ destination, format: "json", level: "info" }] }),
    ).toThrow();
  });

  test("without an output takes everything and says that nothing is enabled", () => {
    SILENT_LOGGING.root.fatal("x");
    SILENT_LOGGING.category("queue").child({}).error({ a: 1 }, "x");
    expect(SILENT_LOGGING.root.isLevelEnabled("fatal")).toBe(false);
  });
});
