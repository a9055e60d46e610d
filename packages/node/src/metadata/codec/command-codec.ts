import type { MetadataCommand } from "../commands.ts";
import {
  type Field,
  type Fields,
  jsonField,
  jsonMapField,
  MetadataCodecError,
  optional,
  packFields,
  trailing,
  unpackFields,
} from "./fields.ts";
import {
  BINDING,
  EXCHANGE,
  HASHING_ALGORITHMS,
  PERMISSION,
  QUEUE,
  readFlag,
  readInteger,
  readQueueType,
  readText,
  TOPIC_PERMISSION,
} from "./record-codec.ts";

/**
 * A command as it stands in the log: `[version, type, field, ...]` in MessagePack. The numbers of types and the order of fields never
 * change; fields may be added at the end. What needs more is a new version, and readers refuse versions they do not know.
 */
const VERSION = 1;
const WHAT = "a metadata command";

type CommandType = MetadataCommand["type"];
/** Some interfaces cover two types: each is narrowed to the one that is meant. */
type CommandOf<T extends CommandType> = MetadataCommand & { readonly type: T };

interface CommandCodec<T extends CommandType> {
  readonly id: number;
  write(command: CommandOf<T>): Field[];
  read(fields: Fields): CommandOf<T>;
}

function readTexts(fields: Fields): string[] {
  return fields.texts();
}

function userCodec<T extends "addUser" | "putUser">(type: T, id: number): CommandCodec<T>;
function userCodec(type: "addUser" | "putUser", id: number): CommandCodec<"addUser" | "putUser"> {
  return {
    id,
    write: ({ name, passwordHash, hashingAlgorithm, tags }) => [
      name,
      passwordHash,
      hashingAlgorithm,
      tags,
    ],
    read: (fields) => ({
      type,
      name: fields.text(),
      passwordHash: fields.text(),
      hashingAlgorithm: fields.oneOf(HASHING_ALGORITHMS),
      tags: fields.texts(),
    }),
  };
}

function setPolicyCodec<T extends "setPolicy" | "setOperatorPolicy">(
  type: T,
  id: number,
): CommandCodec<T>;
function setPolicyCodec(
  type: "setPolicy" | "setOperatorPolicy",
  id: number,
): CommandCodec<"setPolicy" | "setOperatorPolicy"> {
  return {
    id,
    // Pattern, apply-to, priority and definition are the machine's to check: any text and number passes.
    write: ({ vhost, name, pattern, applyTo, priority, definition }) => [
      vhost,
      name,
      pattern,
      applyTo,
      priority,
      jsonMapField(definition),
    ],
    read: (fields) => ({
      type,
      vhost: fields.text(),
      name: fields.text(),
      pattern: fields.text(),
      applyTo: fields.text(),
      priority: fields.number(),
      definition: fields.jsonMap(),
    }),
  };
}

function clearPolicyCodec<T extends "clearPolicy" | "clearOperatorPolicy">(
  type: T,
  id: number,
): CommandCodec<T>;
function clearPolicyCodec(
  type: "clearPolicy" | "clearOperatorPolicy",
  id: number,
): CommandCodec<"clearPolicy" | "clearOperatorPolicy"> {
  return {
    id,
    write: ({ vhost, name }) => [vhost, name],
    read: (fields) => ({ type, vhost: fields.text(), name: fields.text() }),
  };
}

const CODECS: { readonly [T in CommandType]: CommandCodec<T> } = {
  addVhost: {
    id: 1,
    write: ({ name, description, tags, defaultQueueType, tracing, isProtected }) => [
      name,
      optional(description),
      optional(tags),
      optional(defaultQueueType),
      optional(tracing),
      ...trailing(optional(isProtected)),
    ],
    read: (fields) => ({
      type: "addVhost",
      name: fields.text(),
      description: fields.optional(readText),
      tags: fields.optional(readTexts),
      defaultQueueType: fields.optional(readQueueType),
      tracing: fields.optional(readFlag),
      isProtected: fields.trailing(readFlag),
    }),
  },
  deleteVhost: {
    id: 2,
    write: ({ name }) => [name],
    read: (fields) => ({ type: "deleteVhost", name: fields.text() }),
  },
  setVhostLimits: {
    id: 3,
    write: ({ vhost, limits, merge }) => [vhost, jsonMapField(limits), merge],
    read: (fields) => ({
      type: "setVhostLimits",
      vhost: fields.text(),
      limits: fields.jsonMap(),
      merge: fields.flag(),
    }),
  },
  clearVhostLimits: {
    id: 4,
    write: ({ vhost, limit }) => [vhost, optional(limit)],
    read: (fields) => ({
      type: "clearVhostLimits",
      vhost: fields.text(),
      limit: fields.optional(readText),
    }),
  },
  addUser: userCodec("addUser", 5),
  putUser: userCodec("putUser", 6),
  deleteUser: {
    id: 7,
    write: ({ name }) => [name],
    read: (fields) => ({ type: "deleteUser", name: fields.text() }),
  },
  setUserTags: {
    id: 8,
    write: ({ name, tags }) => [name, tags],
    read: (fields) => ({ type: "setUserTags", name: fields.text(), tags: fields.texts() }),
  },
  setUserPassword: {
    id: 9,
    write: ({ name, passwordHash, hashingAlgorithm }) => [name, passwordHash, hashingAlgorithm],
    read: (fields) => ({
      type: "setUserPassword",
      name: fields.text(),
      passwordHash: fields.text(),
      hashingAlgorithm: fields.oneOf(HASHING_ALGORITHMS),
    }),
  },
  setUserLimits: {
    id: 10,
    write: ({ name, limits }) => [name, jsonMapField(limits)],
    read: (fields) => ({ type: "setUserLimits", name: fields.text(), limits: fields.jsonMap() }),
  },
  clearUserLimits: {
    id: 11,
    write: ({ name, limit }) => [name, optional(limit)],
    read: (fields) => ({
      type: "clearUserLimits",
      name: fields.text(),
      limit: fields.optional(readText),
    }),
  },
  setPermissions: {
    id: 12,
    write: (command) => PERMISSION.write(command),
    read: (fields) => ({ type: "setPermissions", ...PERMISSION.read(fields) }),
  },
  clearPermissions: {
    id: 13,
    write: ({ user, vhost }) => [user, vhost],
    read: (fields) => ({ type: "clearPermissions", user: fields.text(), vhost: fields.text() }),
  },
  setTopicPermissions: {
    id: 14,
    write: (command) => TOPIC_PERMISSION.write(command),
    read: (fields) => ({ type: "setTopicPermissions", ...TOPIC_PERMISSION.read(fields) }),
  },
  clearTopicPermissions: {
    id: 15,
    write: ({ user, vhost, exchange }) => [user, vhost, optional(exchange)],
    read: (fields) => ({
      type: "clearTopicPermissions",
      user: fields.text(),
      vhost: fields.text(),
      exchange: fields.optional(readText),
    }),
  },
  setPolicy: setPolicyCodec("setPolicy", 16),
  setOperatorPolicy: setPolicyCodec("setOperatorPolicy", 17),
  clearPolicy: clearPolicyCodec("clearPolicy", 18),
  clearOperatorPolicy: clearPolicyCodec("clearOperatorPolicy", 19),
  setParameter: {
    id: 20,
    write: ({ vhost, component, name, value }) => [vhost, component, name, jsonField(value)],
    read: (fields) => ({
      type: "setParameter",
      vhost: fields.text(),
      component: fields.text(),
      name: fields.text(),
      value: fields.json(),
    }),
  },
  clearParameter: {
    id: 21,
    write: ({ vhost, component, name }) => [vhost, component, name],
    read: (fields) => ({
      type: "clearParameter",
      vhost: fields.text(),
      component: fields.text(),
      name: fields.text(),
    }),
  },
  setGlobalParameter: {
    id: 22,
    write: ({ name, value }) => [name, jsonField(value)],
    read: (fields) => ({ type: "setGlobalParameter", name: fields.text(), value: fields.json() }),
  },
  clearGlobalParameter: {
    id: 23,
    write: ({ name }) => [name],
    read: (fields) => ({ type: "clearGlobalParameter", name: fields.text() }),
  },
  declareExchange: {
    id: 24,
    write: ({ exchange }) => [EXCHANGE.write(exchange)],
    read: (fields) => ({ type: "declareExchange", exchange: EXCHANGE.read(fields.fields()) }),
  },
  deleteExchange: {
    id: 25,
    write: ({ vhost, name, ifUnused }) => [vhost, name, ifUnused === true],
    read: (fields) => ({
      type: "deleteExchange",
      vhost: fields.text(),
      name: fields.text(),
      ifUnused: fields.flag(),
    }),
  },
  declareQueue: {
    id: 26,
    write: ({ queue }) => [QUEUE.write(queue)],
    read: (fields) => ({ type: "declareQueue", queue: QUEUE.read(fields.fields()) }),
  },
  deleteQueue: {
    id: 27,
    write: ({ vhost, name }) => [vhost, name],
    read: (fields) => ({ type: "deleteQueue", vhost: fields.text(), name: fields.text() }),
  },
  bind: {
    id: 28,
    write: ({ binding }) => [BINDING.write(binding)],
    read: (fields) => ({ type: "bind", binding: BINDING.read(fields.fields()) }),
  },
  unbind: {
    id: 29,
    write: ({ binding }) => [BINDING.write(binding)],
    read: (fields) => ({ type: "unbind", binding: BINDING.read(fields.fields()) }),
  },
  dropTransient: {
    id: 30,
    // Commands of before there were clusters have no field.
    write: ({ nodeId }) => (nodeId === undefined ? [] : [nodeId]),
    read: (fields) => ({ type: "dropTransient", nodeId: fields.trailing(readInteger) }),
  },
  completeSetup: { id: 31, write: () => [], read: () => ({ type: "completeSetup" }) },
  addMember: {
    id: 32,
    write: ({ name, address }) => [name, address],
    read: (fields) => ({ type: "addMember", name: fields.text(), address: fields.text() }),
  },
  removeMember: {
    id: 33,
    write: ({ nodeId }) => [nodeId],
    read: (fields) => ({ type: "removeMember", nodeId: fields.integer() }),
  },
  memberStarted: {
    id: 34,
    write: ({ nodeId, name, address }) => [nodeId, name, address],
    read: (fields) => ({
      type: "memberStarted",
      nodeId: fields.integer(),
      name: fields.text(),
      address: fields.text(),
    }),
  },
  memberStopping: {
    id: 35,
    write: ({ nodeId }) => [nodeId],
    read: (fields) => ({ type: "memberStopping", nodeId: fields.integer() }),
  },
  placeQueue: {
    id: 36,
    write: ({ vhost, name, replicas }) => [vhost, name, replicas],
    read: (fields) => ({
      type: "placeQueue",
      vhost: fields.text(),
      name: fields.text(),
      replicas: fields.integers(),
    }),
  },
};

const READERS: ReadonlyMap<number, (fields: Fields) => MetadataCommand> = new Map(
  Object.values(CODECS).map(({ id, read }) => [id, read]),
);

/** @throws Error if an argument table cannot be encoded (a key above 255 bytes) */
export function encodeMetadataCommand(command: MetadataCommand): Uint8Array {
  // The codec under a command's type is of that type.
  const { id, write } = CODECS[command.type] as CommandCodec<CommandType>;
  return packFields([VERSION, id, ...write(command)]);
}

/** @throws MetadataCodecError if it is malformed, or of a version or type that is not known here */
export function decodeMetadataCommand(bytes: Uint8Array): MetadataCommand {
  const fields = unpackFields(bytes, WHAT);
  const version = fields.integer();
  if (version !== VERSION) {
    throw new MetadataCodecError(`${WHAT} has version ${version}; this program knows ${VERSION}`);
  }
  const id = fields.integer();
  const read = READERS.get(id);
  if (read === undefined) throw new MetadataCodecError(`${WHAT} has the unknown type ${id}`);
  return read(fields);
}
