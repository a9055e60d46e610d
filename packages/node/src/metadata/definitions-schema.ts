import * as v from "valibot";
import { isHashingAlgorithm } from "../auth/password.ts";
import type {
  DefinitionsDocument,
  JsonDictionary,
  JsonObject,
  PolicyBody,
} from "./definitions-document.ts";
import type { JsonValue } from "./json-value.ts";

const NAME_SIZE_MAX = 255;

const name = v.pipe(
  v.string("must be a string"),
  v.check((text) => Buffer.byteLength(text) <= NAME_SIZE_MAX, "must not be longer than 255 bytes"),
);
const vhost = v.optional(name);
const text = v.string("must be a string");

/** Booleans that some tools write as text. */
const flag = v.pipe(
  v.union([v.boolean(), v.picklist(["true", "false"])], "must be true or false"),
  v.transform((value) => value === true || value === "true"),
);

const json = v.custom<JsonValue>((value) => value !== undefined, "must have a value");

/** RabbitMQ writes empty objects as `[]` at times. */
function isObjectLike(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === "object" && value !== null;
}

/** RabbitMQ 3.10 writes the definitions of operator policies as pairs, and refuses them when it reads them. */
function isDictionary(value: unknown): boolean {
  return Array.isArray(value) ? value.every(isPair) : isObjectLike(value);
}

function isPair(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === "string";
}

type Entries = Readonly<Record<string, JsonValue>> | readonly (readonly [string, JsonValue])[];

const dictionary: v.GenericSchema<unknown, JsonDictionary> = v.pipe(
  v.custom<Entries>(isDictionary, "must be an object"),
  v.transform((value) => new Map(isList(value) ? value : Object.entries(value))),
);

/** Array.isArray does not narrow a readonly array. */
function isList(value: Entries): value is readonly (readonly [string, JsonValue])[] {
  return Array.isArray(value);
}

const args = v.optional(v.custom<JsonObject>(isObjectLike, "must be an object"));

/** A list, or as RabbitMQ before 3.9 one text with commas. */
const tags = v.pipe(
  v.union([v.array(v.string()), v.string()], "must be a list of strings"),
  v.transform((value) => {
    const list = typeof value === "string" ? value.split(",") : value;
    return list.map((tag) => tag.trim()).filter((tag) => tag !== "");
  }),
);

const hashingAlgorithm = v.pipe(
  v.string("must be a string"),
  v.guard(isHashingAlgorithm, "is not a hashing algorithm of RabbitMQ"),
);

const user = v.object({
  name,
  password_hash: v.optional(text),
  password: v.optional(text),
  hashing_algorithm: v.optional(hashingAlgorithm),
  tags: v.optional(tags, []),
  limits: v.optional(dictionary, {}),
});

const vhostProperties = {
  description: v.optional(text),
  tags: v.optional(tags),
  protected_from_deletion: v.optional(flag),
  default_queue_type: v.optional(
    v.picklist(["undefined", "classic", "quorum"], "must be classic or quorum"),
  ),
};
const vhostEntry = v.object({
  name,
  ...vhostProperties,
  tracing: v.optional(flag),
  metadata: v.optional(v.object(vhostProperties)),
});

const policyBody = {
  pattern: text,
  "apply-to": v.optional(text, "all"),
  priority: v.optional(v.pipe(v.number("must be a number"), v.integer("must be an integer")), 0),
  definition: dictionary,
};
const policy = v.object({ vhost, name, ...policyBody });

const queue = v.object({
  name,
  vhost,
  type: v.optional(text),
  durable: v.optional(flag, true),
  auto_delete: v.optional(flag, false),
  arguments: args,
});

const exchange = v.object({
  name,
  vhost,
  type: name,
  durable: v.optional(flag, true),
  auto_delete: v.optional(flag, false),
  internal: v.optional(flag, false),
  arguments: args,
});

const binding = v.object({
  source: name,
  vhost,
  destination: name,
  destination_type: v.picklist(["queue", "exchange"], "must be queue or exchange"),
  routing_key: v.optional(name, ""),
  arguments: args,
});

/** Checks the value of an `operator_policy` parameter. */
export const POLICY_BODY: v.GenericSchema<unknown, PolicyBody> = v.object(policyBody);

/** Checks an object and makes a Map of it. */
export const DICTIONARY: v.GenericSchema<unknown, JsonDictionary> = dictionary;

/** Checks a whole document. Keys that are not listed are ignored: newer versions add some. */
export const DEFINITIONS: v.GenericSchema<unknown, DefinitionsDocument> = v.object(
  {
    users: v.optional(v.array(user, "must be a list"), []),
    vhosts: v.optional(v.array(vhostEntry, "must be a list"), []),
    permissions: v.optional(
      v.array(v.object({ user: name, vhost, configure: text, write: text, read: text })),
      [],
    ),
    topic_permissions: v.optional(
      v.array(v.object({ user: name, vhost, exchange: name, write: text, read: text })),
      [],
    ),
    parameters: v.optional(
      v.array(v.object({ vhost, component: name, name, value: json }), "must be a list"),
      [],
    ),
    global_parameters: v.optional(v.array(v.object({ name, value: json }), "must be a list"), []),
    policies: v.optional(v.array(policy, "must be a list"), []),
    operator_policies: v.optional(v.array(policy, "must be a list"), []),
    queues: v.optional(v.array(queue, "must be a list"), []),
    exchanges: v.optional(v.array(exchange, "must be a list"), []),
    bindings: v.optional(v.array(binding, "must be a list"), []),
  },
  "must be an object",
);
