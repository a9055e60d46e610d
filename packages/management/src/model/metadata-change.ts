import type { JsonValue } from "./json.ts";

/** Changes of metadata as plain data. They mean what the commands of the same name in packages/node/src/metadata/commands.ts mean. */
export type MetadataChange =
  | AddVhost
  | { readonly type: "deleteVhost"; readonly name: string }
  | {
      readonly type: "setVhostLimits";
      readonly vhost: string;
      readonly limits: ReadonlyMap<string, JsonValue>;
      /** true: limits that are not named stay. */
      readonly merge: boolean;
    }
  | {
      readonly type: "clearVhostLimits";
      readonly vhost: string;
      /** undefined: all. */
      readonly limit?: string | undefined;
    }
  | PutUser
  | { readonly type: "deleteUser"; readonly name: string }
  | {
      readonly type: "setUserLimits";
      readonly name: string;
      readonly limits: ReadonlyMap<string, JsonValue>;
    }
  | { readonly type: "clearUserLimits"; readonly name: string; readonly limit: string }
  | {
      readonly type: "setPermissions";
      readonly user: string;
      readonly vhost: string;
      readonly configure: string;
      readonly write: string;
      readonly read: string;
    }
  | { readonly type: "clearPermissions"; readonly user: string; readonly vhost: string }
  | {
      readonly type: "setTopicPermissions";
      readonly user: string;
      readonly vhost: string;
      readonly exchange: string;
      readonly write: string;
      readonly read: string;
    }
  | {
      readonly type: "clearTopicPermissions";
      readonly user: string;
      readonly vhost: string;
      /** undefined: for every exchange. */
      readonly exchange?: string | undefined;
    }
  | SetPolicy
  | {
      readonly type: "clearPolicy" | "clearOperatorPolicy";
      readonly vhost: string;
      readonly name: string;
    }
  | {
      readonly type: "setParameter";
      readonly vhost: string;
      readonly component: string;
      readonly name: string;
      readonly value: JsonValue;
    }
  | {
      readonly type: "clearParameter";
      readonly vhost: string;
      readonly component: string;
      readonly name: string;
    }
  | { readonly type: "setGlobalParameter"; readonly name: string; readonly value: JsonValue }
  | { readonly type: "clearGlobalParameter"; readonly name: string };

/** Makes a vhost, or changes what is named of one that exists. */
interface AddVhost {
  readonly type: "addVhost";
  readonly name: string;
  readonly description?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly defaultQueueType?: "classic" | "quorum" | undefined;
  readonly tracing?: boolean | undefined;
  readonly isProtected?: boolean | undefined;
}

/** Makes a user, or replaces password and tags of one that exists. */
interface PutUser {
  readonly type: "putUser";
  readonly name: string;
  readonly passwordHash: string;
  /** RabbitMQ's name of the module: `rabbit_password_hashing_sha256`. */
  readonly hashingAlgorithm: string;
  readonly tags: readonly string[];
}

/** Everything but the form is checked by the node. */
interface SetPolicy {
  readonly type: "setPolicy" | "setOperatorPolicy";
  readonly vhost: string;
  readonly name: string;
  readonly pattern: string;
  readonly applyTo: string;
  readonly priority: number;
  readonly definition: ReadonlyMap<string, JsonValue>;
}
