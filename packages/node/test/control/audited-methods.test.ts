import type { ControlContext, ControlMethod } from "@leveret/control";
import { expect, test } from "vitest";
import { auditedMethods } from "../../src/control/audited-methods.ts";
import { openLogging } from "../../src/logger.ts";

const CONTEXT: ControlContext = {
  nodeName: "leveretctl-7@host",
  signal: new AbortController().signal,
  timeoutMs: undefined,
};

/** Calls a method, and gives back what was logged. */
async function loggedBy(name: string, params: unknown): Promise<readonly unknown[]> {
  const lines: string[] = [];
  const sink = { write: (line: string) => void lines.push(line) };
  const logging = openLogging({ outputs: [{ destination: sink, format: "json", level: "info" }] });
  const seen: unknown[] = [];
  const method: ControlMethod = async (given) => {
    seen.push(given);
    return "done";
  };
  const audited = auditedMethods(new Map([[name, method]]), logging.category("audit")).get(name);
  expect(await audited?.(params, CONTEXT)).toBe("done");
  expect(seen).toEqual([params]);
  return lines.map((line): unknown => JSON.parse(line));
}

test("what an operator does by command line is written down, with who called", async () => {
  const params = { vhost: "/", name: "q", nested: { a: 1 } };
  expect(await loggedBy("purge_queue", params)).toEqual([
    expect.objectContaining({
      category: "audit",
      user: "rmq-cli",
      via: "cli",
      from: "leveretctl-7@host",
      action: "purge_queue",
      subject: { vhost: "/", name: "q" },
    }),
  ]);
});

test("documents are not", async () => {
  const [line] = await loggedBy("import_definitions", {
    json: '{"password":"Zx4711"}',
    vhost: "v",
  });
  expect(line).toMatchObject({ subject: { vhost: "v" } });
  expect(JSON.stringify(line)).not.toContain("Zx4711");
});

test("what only asks is not, nor what is written down where metadata change", async () => {
  for (const name of ["list_queues", "status", "authenticate_user", "add_user"]) {
    expect(await loggedBy(name, { password: "x" })).toEqual([]);
  }
});
