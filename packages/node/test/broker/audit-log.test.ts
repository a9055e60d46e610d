import { expect, test } from "vitest";
import { AuditLog } from "../../src/broker/audit-log.ts";
import type { Change } from "../../src/broker/events/attributed-metadata.ts";
import { openLogging } from "../../src/logger.ts";
import { type Actor, INTERNAL_ACTOR } from "../../src/metadata/actor.ts";
import type { MetadataCommand } from "../../src/metadata/commands.ts";

interface Line {
  readonly level: string;
  readonly [field: string]: unknown;
}

function logged(level: "debug" | "info", use: (audit: AuditLog) => void): readonly Line[] {
  const lines: string[] = [];
  const sink = { write: (line: string) => void lines.push(line) };
  const logging = openLogging({ outputs: [{ destination: sink, format: "json", level }] });
  use(new AuditLog(logging.category("audit")));
  return lines.map((line): Line => JSON.parse(line));
}

function changeBy(actor: Actor, command: MetadataCommand): Change {
  return { command, actor, existed: false, removed: { bindings: [], exchanges: [], queues: [] } };
}

const DELETE: MetadataCommand = { type: "deleteUser", name: "bob" };
const ANN: Actor = { user: "ann", via: "http", from: "192.0.2.1" };

test("a change says who, from where, what", () => {
  const [line] = logged("info", (audit) => audit.changed(changeBy(ANN, DELETE)));
  expect(line).toMatchObject({
    level: "info",
    category: "audit",
    user: "ann",
    via: "http",
    from: "192.0.2.1",
    action: "deleteUser",
    subject: { name: "bob" },
    msg: 'ann (http): deleteUser name="bob"',
  });
});

test("what clients declare is at level debug, what the broker does itself is not there", () => {
  const use = (audit: AuditLog): void => {
    audit.changed(changeBy({ ...ANN, via: "amqp" }, DELETE));
    audit.changed(changeBy(INTERNAL_ACTOR, DELETE));
  };
  expect(logged("info", use)).toEqual([]);
  expect(logged("debug", use)).toEqual([expect.objectContaining({ level: "debug", via: "amqp" })]);
});

test("a failed login is a warning", () => {
  const attempt = {
    username: "eve",
    password: "x",
    protocol: "amqp091",
    remoteAddress: "192.0.2.9",
  } as const;
  const result = { ok: false, username: "eve", reason: "throttled", why: "too many" } as const;
  const [line] = logged("info", (audit) => audit.loginDecided(attempt, result));
  expect(line).toMatchObject({
    level: "warning",
    user: "eve",
    via: "amqp091",
    from: "192.0.2.9",
    action: "login",
    reason: "throttled",
  });
});
