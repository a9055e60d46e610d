import { EMPTY_TABLE, type FieldTable, longstr } from "@leveret/amqp";
import fc from "fast-check";
import type { MetadataCommand } from "../../src/metadata/commands.ts";
import type { BindingRecord, QueueRecord } from "../../src/metadata/records.ts";

/** Few names, so that commands meet; some that a careless dictionary would trip over. */
const vhost = fc.constantFrom("/", "v", "__proto__");
const name = fc.constantFrom("a", "b", "1", "constructor", "__proto__");
const pattern = fc.constantFrom(".*", "^a", "", "(", "^(?!b)", "[ab1]");
const hash = { passwordHash: "AAAA", hashingAlgorithm: "rabbit_password_hashing_sha256" } as const;
const table: fc.Arbitrary<FieldTable> = fc.constantFrom(
  EMPTY_TABLE,
  new Map([["x", longstr("1")]]),
  new Map([
    ["x", longstr("1")],
    ["y", { type: "long", value: 2 } as const],
  ]),
  new Map([
    ["y", { type: "long", value: 2 } as const],
    ["x", longstr("1")],
  ]),
);

const exchange = fc.record({
  vhost,
  name,
  type: fc.constantFrom("direct", "topic"),
  durable: fc.boolean(),
  autoDelete: fc.boolean(),
  internal: fc.constant(false),
  arguments: table,
});
const queue = fc.record({
  vhost,
  name,
  type: fc.constantFrom<QueueRecord["type"]>("classic", "quorum"),
  durable: fc.boolean(),
  autoDelete: fc.boolean(),
  exclusiveOwner: fc.constantFrom(undefined, 1),
  arguments: table,
  home: fc.constantFrom(undefined, 1, 2),
  replicas: fc.constantFrom(undefined, [
    { nodeId: 2, generation: 1 },
    { nodeId: 1, generation: 1 },
  ]),
});
const nodeId = fc.integer({ min: 1, max: 4 });
const node = {
  name: fc.constantFrom("a@h", "b@h", "c@h", "nobody"),
  address: fc.constantFrom("h:1", "h:2"),
};
const binding = fc.record({
  vhost,
  source: name,
  destination: name,
  destinationType: fc.constantFrom<BindingRecord["destinationType"]>("queue", "exchange"),
  routingKey: name,
  arguments: table,
});
const limits = fc.constantFrom(
  new Map([["max-connections", 3]]),
  new Map([["max-queues", -1]]),
  new Map([["max-channels", 2]]),
);
const definition = fc.constantFrom(
  new Map([["max-length", 1]]),
  new Map([
    ["expires", 1],
    ["max-length", 2],
  ]),
  new Map([["expires", -1]]),
);

function of<T extends MetadataCommand["type"]>(...types: readonly T[]): fc.Arbitrary<T> {
  return fc.constantFrom(...types);
}

export const topology: fc.Arbitrary<MetadataCommand> = fc.oneof(
  fc.record({ type: of("declareExchange"), exchange }),
  fc.record({ type: of("deleteExchange"), vhost, name, ifUnused: fc.boolean() }),
  fc.record({ type: of("declareQueue"), queue }),
  fc.record({ type: of("deleteQueue"), vhost, name }),
  fc.record({
    type: of("placeQueue"),
    vhost,
    name,
    replicas: fc.array(nodeId, { maxLength: 3 }),
  }),
  { weight: 4, arbitrary: fc.record({ type: of("bind"), binding }) },
  fc.record({ type: of("unbind"), binding }),
);

export const administration: fc.Arbitrary<MetadataCommand> = fc.oneof(
  fc.record({ type: of("addVhost"), name: vhost, description: fc.constantFrom(undefined, "d") }),
  fc.record({ type: of("deleteVhost"), name: vhost }),
  fc.record({ type: of("setVhostLimits"), vhost, limits, merge: fc.boolean() }),
  fc.record({ type: of("clearVhostLimits"), vhost }),
  fc.record({ type: of("addUser", "putUser"), name, tags: fc.constant(["x"]), ...constants(hash) }),
  fc.record({ type: of("deleteUser"), name }),
  fc.record({ type: of("setUserTags"), name, tags: fc.constantFrom([], ["x"]) }),
  fc.record({ type: of("setUserPassword"), name, ...constants(hash) }),
  fc.record({ type: of("setUserLimits"), name, limits }),
  fc.record({ type: of("clearUserLimits"), name }),
  fc.record({
    type: of("setPermissions"),
    user: name,
    vhost,
    configure: pattern,
    write: pattern,
    read: pattern,
  }),
  fc.record({ type: of("clearPermissions"), user: name, vhost }),
  fc.record({
    type: of("setTopicPermissions"),
    user: name,
    vhost,
    exchange: name,
    write: pattern,
    read: pattern,
  }),
  fc.record({
    type: of("clearTopicPermissions"),
    user: name,
    vhost,
    exchange: fc.option(name, { nil: undefined }),
  }),
  fc.record({
    type: of("setPolicy", "setOperatorPolicy"),
    vhost,
    name,
    pattern,
    applyTo: fc.constantFrom("all", "queues", "exchanges", "quorum_queues", "zzz"),
    priority: fc.integer({ min: 0, max: 2 }),
    definition,
  }),
  fc.record({ type: of("clearPolicy", "clearOperatorPolicy"), vhost, name }),
  fc.record({
    type: of("setParameter"),
    vhost,
    component: fc.constantFrom("shovel", "zzz"),
    name,
    value: fc.jsonValue(),
  }) as fc.Arbitrary<MetadataCommand>, // fast-check types JSON as unknown.
  fc.record({ type: of("clearParameter"), vhost, component: fc.constant("shovel"), name }),
  fc.record({ type: of("setGlobalParameter"), name, value: fc.integer() }),
  fc.record({ type: of("clearGlobalParameter"), name }),
  fc.record({ type: of("completeSetup") }),
  fc.record({ type: of("dropTransient"), nodeId: fc.option(nodeId, { nil: undefined }) }),
);

export const membership: fc.Arbitrary<MetadataCommand> = fc.oneof(
  fc.record({ type: of("addMember"), ...node }),
  fc.record({ type: of("memberStarted"), nodeId, ...node }),
  fc.record({ type: of("memberStopping", "removeMember"), nodeId }),
);

function constants<T extends object>(values: T): { [K in keyof T]: fc.Arbitrary<T[K]> } {
  const entries = Object.entries(values).map(([key, value]) => [key, fc.constant(value)]);
  return Object.fromEntries(entries) as { [K in keyof T]: fc.Arbitrary<T[K]> }; // Same keys.
}

/** Starts with two vhosts and two nodes, so that most commands find one. */
export const commands: fc.Arbitrary<MetadataCommand[]> = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: topology },
      { weight: 4, arbitrary: administration },
      { weight: 1, arbitrary: membership },
    ),
    { maxLength: 60 },
  )
  .map((list): MetadataCommand[] => [
    { type: "addVhost", name: "/" },
    { type: "addVhost", name: "v" },
    { type: "addMember", name: "a@h", address: "h:1" },
    { type: "memberStarted", nodeId: 2, name: "b@h", address: "h:2" },
    ...list,
  ]);
