import { EMPTY_TABLE, type FieldTable, fieldTableFromJson } from "@leveret/amqp";
import * as v from "valibot";
import { DEFAULT_HASHING_ALGORITHM, hashPassword, SCRYPT } from "../auth/password.ts";
import type { QueueType } from "../queue/queue-config.ts";
import type { MetadataCommand, PutUser, SetPolicy } from "./commands.ts";
import type {
  BindingEntry,
  DefinitionsDocument,
  ExchangeEntry,
  JsonObject,
  ParameterEntry,
  PolicyEntry,
  QueueEntry,
  UserEntry,
  VhostEntry,
} from "./definitions-document.ts";
import { DEFINITIONS, DICTIONARY, POLICY_BODY } from "./definitions-schema.ts";
import { DEFINITIONS_PROBLEM_MAX, DEFINITIONS_SIZE_MAX } from "./metadata-limits.ts";
import type { HashingAlgorithm } from "./records.ts";

/** A definitions document that cannot be loaded. Each problem is a sentence that starts with the place. */
export class DefinitionsError extends Error {
  override readonly name = "DefinitionsError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(problems.join("\n"), options);
    this.problems = problems;
  }
}

export interface LoadDefinitionsOptions {
  /** For the per-vhost form: where all entries belong, whatever they say; users and the like, which belong to no vhost, are left out. */
  readonly vhost?: string | undefined;
  /** A random salt of four bytes for each password given in clear. */
  readonly makeSalt: () => Buffer;
  /** How such passwords are hashed where the user entry does not say; undefined: SHA-256. */
  readonly hashingAlgorithm?: HashingAlgorithm;
  /** Of passwords given in clear that are to be hashed with scrypt, which takes too long to be done here: the hashes. */
  readonly slowHashes?: ReadonlyMap<string, string>;
  /** What is wrong with a password given in clear; undefined, or without this rule: nothing. */
  readonly checkPassword?: (password: string) => string | undefined;
  /**
   * What to do with queues of a type that this broker does not have (streams): "refuse" the document, or "skip" the
   * queue and its bindings and tell of it in `warnings`.
   */
  readonly unsupportedQueues?: "refuse" | "skip";
}

export interface LoadedDefinitions {
  /** In the order in which they have to be applied; what exists already stays, as in RabbitMQ. */
  readonly commands: readonly MetadataCommand[];
  readonly warnings: readonly string[];
  /** Where in the document a command comes from: `users[0]`. */
  readonly places: ReadonlyMap<MetadataCommand, string>;
}

/**
 * Reads RabbitMQ's definitions JSON into commands. Checks the form; what the machine refuses (unknown users, bad
 * policies), it tells when the commands are applied. Throws DefinitionsError.
 */
export function loadDefinitions(json: string, options: LoadDefinitionsOptions): LoadedDefinitions {
  if (Buffer.byteLength(json) > DEFINITIONS_SIZE_MAX) {
    throw new DefinitionsError([`the document is larger than ${DEFINITIONS_SIZE_MAX} bytes`]);
  }
  const parsed = parseJson(json);
  if (Array.isArray(parsed)) throw new DefinitionsError(["the document must be an object"]);
  const whole = validate(DEFINITIONS, parsed, "");
  const document = options.vhost === undefined ? whole : { ...whole, ...OF_NO_VHOST };
  const reader = new DefinitionsReader(document, options);
  return reader.read();
}

/** What a document for one vhost cannot have. */
const OF_NO_VHOST = {
  users: [],
  vhosts: [],
  permissions: [],
  topic_permissions: [],
  global_parameters: [],
} as const satisfies Partial<DefinitionsDocument>;

const CLEAR_PASSWORDS = v.object({
  users: v.array(
    v.object({
      password: v.optional(v.string()),
      password_hash: v.optional(v.string()),
      hashing_algorithm: v.optional(v.string()),
    }),
  ),
});

/** Passwords that `loadDefinitions` will want hashed, with how; none of a document that it will refuse. */
export function passwordsInClear(
  json: string,
  newUsers: HashingAlgorithm,
): readonly { readonly password: string; readonly algorithm: string }[] {
  const hasNone = Buffer.byteLength(json) > DEFINITIONS_SIZE_MAX || !json.includes('"password"');
  const parsed = hasNone ? undefined : v.safeParse(CLEAR_PASSWORDS, parseJson(json));
  if (parsed?.success !== true) return [];
  return parsed.output.users.flatMap(({ password, password_hash, hashing_algorithm }) =>
    password === undefined || password_hash !== undefined
      ? []
      : { password, algorithm: hashing_algorithm ?? newUsers },
  );
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    // Without the piece of the document that V8 shows: there may be a password in it.
    const text = error instanceof Error ? error.message : String(error);
    const why = text.replace(/, .*(?= is not valid JSON$)/s, "");
    // biome-ignore lint/style/useErrorCause: the cause would show that piece in a log.
    throw new DefinitionsError([`the document is not JSON: ${why}`]);
  }
}

/** `at` is the place of `value` in the document. */
function validate<T>(schema: v.GenericSchema<unknown, T>, value: unknown, at: string): T {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const problems = result.issues
    .slice(0, DEFINITIONS_PROBLEM_MAX)
    .map((issue) => sentence(issue, at));
  const left = result.issues.length - problems.length;
  if (left > 0) problems.push(`and ${left} more problems`);
  throw new DefinitionsError(problems);
}

function sentence(issue: v.BaseIssue<unknown>, at: string): string {
  const path = (issue.path ?? []).map((item) => item.key);
  const place = path.reduce(appendKey, at);
  const isMissing = issue.received === "undefined" && issue.kind === "schema";
  return `${place === "" ? "the document" : place} ${isMissing ? "is missing" : issue.message}`;
}

function appendKey(place: string, key: unknown): string {
  if (typeof key === "number") return `${place}[${key}]`;
  return place === "" ? String(key) : `${place}.${String(key)}`;
}

/** Turns a checked document into commands. */
class DefinitionsReader {
  readonly #document: DefinitionsDocument;
  readonly #options: LoadDefinitionsOptions;
  readonly #problems: string[] = [];
  readonly #warnings: string[] = [];
  /** Queues left out, by vhost and name. */
  readonly #skipped = new Map<string, Set<string>>();

  constructor(document: DefinitionsDocument, options: LoadDefinitionsOptions) {
    this.#document = document;
    this.#options = options;
  }

  /** RabbitMQ's order: what others refer to comes first. */
  read(): LoadedDefinitions {
    const document = this.#document;
    const places = new Map<MetadataCommand, string>();
    const read = <T>(
      key: keyof DefinitionsDocument,
      entries: readonly T[],
      convert: (entry: T, at: string) => MetadataCommand[],
    ): MetadataCommand[] =>
      entries.flatMap((entry, index) => {
        const at = `${key}[${index}]`;
        const converted = convert(entry, at);
        for (const command of converted) places.set(command, at);
        return converted;
      });
    const commands = [
      ...read("users", document.users, (entry, at) => this.#user(entry, at)),
      ...read("vhosts", document.vhosts, vhostCommands),
      ...read("permissions", document.permissions, (entry, at) => [
        { type: "setPermissions", ...entry, vhost: this.#vhostOf(entry, at) },
      ]),
      ...read("topic_permissions", document.topic_permissions, (entry, at) => [
        { type: "setTopicPermissions", ...entry, vhost: this.#vhostOf(entry, at) },
      ]),
      ...read("parameters", document.parameters, (entry, at) => [this.#parameter(entry, at)]),
      ...read("global_parameters", document.global_parameters, (entry) => [
        { type: "setGlobalParameter", ...entry },
      ]),
      ...read("policies", document.policies, (entry, at) => [this.#policy("setPolicy", entry, at)]),
      ...read("operator_policies", document.operator_policies, (entry, at) => [
        this.#policy("setOperatorPolicy", entry, at),
      ]),
      ...read("queues", document.queues, (entry, at) => this.#queue(entry, at)),
      ...read("exchanges", document.exchanges, (entry, at) => [this.#exchange(entry, at)]),
      ...read("bindings", document.bindings, (entry, at) => this.#binding(entry, at)),
    ];
    if (this.#problems.length > 0) throw new DefinitionsError(this.#problems);
    return { commands, warnings: this.#warnings, places };
  }

  #user(entry: UserEntry, at: string): MetadataCommand[] {
    const { name, tags, limits } = entry;
    const isHashed = entry.password_hash !== undefined;
    const hashingAlgorithm =
      entry.hashing_algorithm ??
      (isHashed ? undefined : this.#options.hashingAlgorithm) ??
      DEFAULT_HASHING_ALGORITHM;
    const passwordHash = this.#passwordHash(entry, at, hashingAlgorithm);
    const put: PutUser = { type: "putUser", name, passwordHash, hashingAlgorithm, tags };
    return limits.size === 0 ? [put] : [put, { type: "setUserLimits", name, limits }];
  }

  #passwordHash(entry: UserEntry, at: string, algorithm: HashingAlgorithm): string {
    if (entry.password_hash !== undefined) return entry.password_hash;
    if (entry.password === undefined) {
      this.#problem(`${at} needs password_hash or password`);
      return "";
    }
    const problem = this.#options.checkPassword?.(entry.password);
    if (problem !== undefined) this.#problem(`${at}.password: ${problem}`);
    if (algorithm !== SCRYPT) {
      return hashPassword(entry.password, this.#options.makeSalt(), algorithm);
    }
    const hash = this.#options.slowHashes?.get(entry.password);
    if (hash === undefined) this.#problem(`${at} needs password_hash for ${algorithm}`);
    return hash ?? "";
  }

  #parameter(entry: ParameterEntry, at: string): MetadataCommand {
    const vhost = this.#vhostOf(entry, at);
    const { component, name, value } = entry;
    if (component === "operator_policy") {
      const policy = validate(POLICY_BODY, value, `${at}.value`);
      return this.#policy("setOperatorPolicy", { ...policy, name, vhost }, at);
    }
    if (component === "vhost-limits") {
      const limits = validate(DICTIONARY, value, `${at}.value`);
      return { type: "setVhostLimits", vhost, limits, merge: false };
    }
    return { type: "setParameter", vhost, component, name, value };
  }

  #policy(type: SetPolicy["type"], entry: PolicyEntry, at: string): MetadataCommand {
    const { name, pattern, priority, definition } = entry;
    const vhost = this.#vhostOf(entry, at);
    return { type, vhost, name, pattern, applyTo: entry["apply-to"], priority, definition };
  }

  #queue(entry: QueueEntry, at: string): MetadataCommand[] {
    const vhost = this.#vhostOf(entry, at);
    const { name, durable } = entry;
    const argumentType = entry.arguments?.["x-queue-type"];
    const type = argumentType ?? entry.type ?? "classic";
    if (!isQueueType(type)) {
      this.#unsupportedQueue(vhost, name, `${at} ('${name}') has the unsupported type '${type}'`);
      return [];
    }
    const queue = {
      vhost,
      name,
      type,
      durable,
      autoDelete: entry.auto_delete,
      exclusiveOwner: undefined,
      arguments: this.#table(withType(entry.arguments, type), at),
    };
    return [{ type: "declareQueue", queue }];
  }

  #unsupportedQueue(vhost: string, name: string, sentence: string): void {
    if (this.#options.unsupportedQueues !== "skip") {
      this.#problem(sentence);
      return;
    }
    const skipped = this.#skipped.get(vhost) ?? new Set();
    this.#skipped.set(vhost, skipped.add(name));
    this.#warnings.push(`${sentence}; it and its bindings are left out`);
  }

  #exchange(entry: ExchangeEntry, at: string): MetadataCommand {
    const exchange = {
      vhost: this.#vhostOf(entry, at),
      name: entry.name,
      type: entry.type,
      durable: entry.durable,
      autoDelete: entry.auto_delete,
      internal: entry.internal,
      arguments: this.#table(entry.arguments, at),
    };
    return { type: "declareExchange", exchange };
  }

  #binding(entry: BindingEntry, at: string): MetadataCommand[] {
    const vhost = this.#vhostOf(entry, at);
    const { source, destination, destination_type: destinationType } = entry;
    const isSkipped =
      destinationType === "queue" && this.#skipped.get(vhost)?.has(destination) === true;
    if (isSkipped || source === "") return []; // Bindings of the default exchange are implied.
    const binding = {
      vhost,
      source,
      destination,
      destinationType,
      routingKey: entry.routing_key,
      arguments: this.#table(entry.arguments, at),
    };
    return [{ type: "bind", binding }];
  }

  #table(value: JsonObject | undefined, at: string): FieldTable {
    try {
      return fieldTableFromJson(value);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      this.#problem(`${at}.arguments is not a table: ${error.message}`);
      return EMPTY_TABLE;
    }
  }

  #vhostOf(entry: { readonly vhost?: string | undefined }, at: string): string {
    const vhost = this.#options.vhost ?? entry.vhost;
    if (vhost === undefined) this.#problem(`${at}.vhost is missing`);
    return vhost ?? "";
  }

  #problem(text: string): void {
    if (this.#problems.length < DEFINITIONS_PROBLEM_MAX) this.#problems.push(text);
  }
}

function vhostCommands(entry: VhostEntry): MetadataCommand[] {
  const { name, metadata, tracing } = entry;
  const defaultType = entry.default_queue_type ?? metadata?.default_queue_type;
  return [
    {
      type: "addVhost",
      name,
      description: entry.description ?? metadata?.description,
      tags: entry.tags ?? metadata?.tags,
      defaultQueueType: defaultType === "undefined" ? undefined : defaultType,
      tracing,
      isProtected: entry.protected_from_deletion ?? metadata?.protected_from_deletion,
    },
  ];
}

function isQueueType(type: unknown): type is QueueType {
  return type === "classic" || type === "quorum";
}

/** A quorum queue always says so in its arguments: redeclarations compare with them. */
function withType(args: JsonObject | undefined, type: QueueType): JsonObject | undefined {
  if (type === "classic" || args?.["x-queue-type"] !== undefined) return args;
  return { ...args, "x-queue-type": type };
}
