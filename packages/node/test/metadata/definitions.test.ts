import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { verifyPassword } from "../../src/auth/password.ts";
import {
  DefinitionsError,
  type LoadDefinitionsOptions,
  loadDefinitions,
} from "../../src/metadata/definitions.ts";
import {
  exportDefinitions,
  exportVhostDefinitions,
} from "../../src/metadata/export-definitions.ts";
import { MetadataMachine } from "../../src/metadata/metadata-machine.ts";

/** Exported by RabbitMQ 3.10.8. */
const recorded = readFileSync(new URL("./rabbitmq-definitions.json", import.meta.url), "utf8");
const makeSalt = () => Buffer.from("salt");
const product = { rabbitVersion: "3.10.8", productName: "RabbitMQ", productVersion: "3.10.8" };

function load(json: string, options: Partial<LoadDefinitionsOptions> = {}): MetadataMachine {
  const machine = new MetadataMachine(() => undefined);
  machine.apply({ type: "addVhost", name: "/" });
  for (const command of loadDefinitions(json, { makeSalt, ...options }).commands) {
    expect(machine.apply(command), JSON.stringify(command)).toMatchObject({ ok: true });
  }
  return machine;
}

function problemsOf(document: unknown, options: Partial<LoadDefinitionsOptions> = {}) {
  const json = typeof document === "string" ? document : JSON.stringify(document);
  try {
    loadDefinitions(json, { makeSalt, ...options });
  } catch (error) {
    if (error instanceof DefinitionsError) return error.problems;
    throw error;
  }
  return [];
}

type Dictionary = Record<string, unknown>;

/** The recorded document without its stream and in the order in which we export. */
function expectedDocument(): Dictionary {
  const document = JSON.parse(recorded) as Record<string, Dictionary[] | string>;
  const sorted: Dictionary = {};
  for (const [key, list] of Object.entries(document)) {
    if (typeof list === "string") sorted[key] = list;
    else sorted[key] = sortEntries(list.filter((entry) => !mentionsStream(entry)));
  }
  return sorted;
}

function mentionsStream(entry: Dictionary): boolean {
  const { name, destination } = entry;
  return (name ?? destination) === "audit.log";
}

function sortEntries(entries: readonly Dictionary[]): Dictionary[] {
  const keyOf = (entry: Dictionary) =>
    ["vhost", "user", "source", "destination_type", "destination", "name", "routing_key"]
      .map((key) => entry[key] ?? "")
      .join("\0");
  return entries.toSorted((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1));
}

test("is loaded and exported again as it was, but sorted", () => {
  const machine = load(recorded, { unsupportedQueues: "skip" });
  const exported = JSON.parse(JSON.stringify(exportDefinitions(machine, product))) as Dictionary;
  for (const [key, value] of Object.entries(expectedDocument())) {
    const list = exported[key];
    expect(Array.isArray(list) ? sortEntries(list) : list, key).toEqual(value);
  }
  expect(exportDefinitions(load(JSON.stringify(exported)), product)).toEqual(exported);
});

test("brings users with their hashes, limits and permissions", () => {
  const machine = load(recorded, { unsupportedQueues: "skip" });
  const guest = machine.user("guest");
  expect(guest !== undefined && verifyPassword("guest", guest)).toBe(true);
  expect(machine.userLimitsFor("alice")).toEqual({ maxConnections: undefined, maxChannels: 20 });
  expect(machine.vhostLimitsFor("staging").maxConnections).toBe(50);
  expect(machine.permissionsFor("alice", "shop")?.configure).toBe("^alice\\.");
  expect(machine.topicPermissionFor("alice", "shop", "orders")?.write).toBe("^order\\.");
  const { policy, operatorPolicy } = machine.effectivePolicy("queue", "shop", "lazy.backlog");
  expect([policy?.name, operatorPolicy?.name]).toEqual([undefined, "cap"]);
  expect(machine.queue("shop", "orders.paid")?.type).toBe("quorum");
});

test("can be loaded twice", () => {
  const machine = load(recorded, { unsupportedQueues: "skip" });
  const before = machine.snapshot();
  const { commands } = loadDefinitions(recorded, { makeSalt, unsupportedQueues: "skip" });
  for (const command of commands) expect(machine.apply(command)).toMatchObject({ ok: true });
  expect(machine.snapshot()).toEqual(before);
});

test("with a stream is refused, or loaded without it and with a warning", () => {
  expect(problemsOf(recorded)).toEqual([
    "queues[5] ('audit.log') has the unsupported type 'stream'",
  ]);
  expect(loadDefinitions(recorded, { makeSalt, unsupportedQueues: "skip" }).warnings).toEqual([
    "queues[5] ('audit.log') has the unsupported type 'stream'; it and its bindings are left out",
  ]);
});

test("of one vhost is loaded into the vhost that is named", () => {
  const source = load(recorded, { unsupportedQueues: "skip" });
  const document = JSON.stringify(exportVhostDefinitions(source, "shop", product));
  const parsed = JSON.parse(document) as { queues: object[]; parameters: object[] };
  expect(parsed.queues[0]).not.toHaveProperty("vhost");
  parsed.parameters = [];
  const machine = new MetadataMachine(() => undefined);
  machine.apply({ type: "addVhost", name: "copy" });
  const text = JSON.stringify({ ...parsed, policies: [] });
  for (const command of loadDefinitions(text, { makeSalt, vhost: "copy" }).commands) {
    expect(machine.apply(command)).toEqual({ ok: true, changed: true });
  }
  expect(machine.vhost("copy")?.queues.size).toBe(source.vhost("shop")?.queues.size);
  expect(exportVhostDefinitions(machine, "none", product)).toBeUndefined();
});

test("may give passwords in clear, tags as text, flags as text and operator policies in a list", () => {
  const machine = load(
    JSON.stringify({
      users: [{ name: "u", password: "secret", tags: "administrator, x" }],
      vhosts: [
        { name: "v", metadata: { description: "d", tags: ["t"], default_queue_type: "quorum" } },
      ],
      operator_policies: [{ vhost: "v", name: "o", pattern: "", definition: { "max-length": 5 } }],
      queues: [
        { name: "q", vhost: "v", durable: "true", auto_delete: false, type: "quorum" },
        { name: "plain", vhost: "v", durable: true, auto_delete: false, arguments: [] },
      ],
    }),
  );
  const user = machine.user("u");
  expect(user !== undefined && verifyPassword("secret", user)).toBe(true);
  expect(user?.tags).toEqual(["administrator", "x"]);
  expect(machine.vhost("v")?.record).toMatchObject({
    description: "d",
    defaultQueueType: "quorum",
  });
  expect(machine.queue("v", "q")?.arguments.get("x-queue-type")?.type).toBe("longstr");
  expect(machine.queue("v", "plain")?.arguments.size).toBe(0);
  expect(machine.effectivePolicy("queue", "v", "q").operatorPolicy?.name).toBe("o");
});

test.each([
  ["that is not an object", [], ["the document must be an object"]],
  ["with a missing name", { queues: [{ vhost: "/" }] }, ["queues[0].name is missing"]],
  ["with a wrong type", { queues: [{ name: 5, vhost: "/" }] }, ["queues[0].name must be a string"]],
  ["with a wrong list", { queues: {} }, ["queues must be a list"]],
  [
    "with two problems",
    {
      exchanges: [
        { name: "x", vhost: "/", type: "direct", durable: 1 },
        { name: "y", vhost: "/" },
      ],
    },
    ["exchanges[0].durable must be true or false", "exchanges[1].type is missing"],
  ],
  ["without vhosts in entries", { queues: [{ name: "q" }] }, ["queues[0].vhost is missing"]],
  [
    "with a user without password",
    { users: [{ name: "u" }] },
    ["users[0] needs password_hash or password"],
  ],
  [
    "with an unknown hash",
    { users: [{ name: "u", password_hash: "x", hashing_algorithm: "rot13" }] },
    ["users[0].hashing_algorithm is not a hashing algorithm of RabbitMQ"],
  ],
  [
    "with a bad operator policy",
    {
      parameters: [{ vhost: "/", component: "operator_policy", name: "p", value: { pattern: 5 } }],
    },
    ["parameters[0].value.pattern must be a string", "parameters[0].value.definition is missing"],
  ],
  [
    "with bad arguments",
    { queues: [{ name: "q", vhost: "/", arguments: [1] }] },
    ["queues[0].arguments must be an object"],
  ],
  [
    "with a long name",
    { vhosts: [{ name: "x".repeat(256) }] },
    ["vhosts[0].name must not be longer than 255 bytes"],
  ],
])("%s is refused with the place", (_name, document, problems) => {
  expect(problemsOf(document)).toEqual(problems);
});

test("that is not JSON is refused", () => {
  expect(problemsOf("{not json")).toEqual([expect.stringMatching(/^the document is not JSON: /)]);
});

test("with very many problems reports the first of them", () => {
  const problems = problemsOf({ queues: Array.from({ length: 100 }, () => ({ vhost: "/" })) });
  expect(problems).toHaveLength(21);
  expect(problems.at(-1)).toBe("and 80 more problems");
});

test("with deeply nested arguments is refused", () => {
  let nested = '"x"';
  for (let i = 0; i < 200; i++) nested = `{"a":${nested}}`;
  const text = `{"queues":[{"name":"q","vhost":"/","arguments":${nested}}]}`;
  expect(problemsOf(text)).toEqual([
    "queues[0].arguments is not a table: a field table is nested too deep",
  ]);
});
