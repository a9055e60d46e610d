import {
  type DocumentSection,
  type GlobalParameterEntry,
  type Identity,
  type ImportOptions,
  type Metadata,
  type MetadataChange,
  type ParameterEntry,
  type PasswordHash,
  type PermissionEntry,
  type PolicyEntry,
  type PolicyKind,
  RefusedError,
  type TopicPermissionEntry,
  type UserEntry,
  type VhostEntry,
} from "@leveret/management";
import { isHashingAlgorithm, makePasswordHash } from "../auth/password.ts";
import type { BrokerNode } from "../broker/broker-node.ts";
import { importDefinitions } from "../broker/import-definitions.ts";
import type { ControlledNode } from "../control/controlled-node.ts";
import { limitEntries } from "../control/method-params.ts";
import type { MetadataCommand, MetadataResult } from "../metadata/commands.ts";
import { DefinitionsError } from "../metadata/definitions.ts";
import {
  definitionSections,
  type ExportOptions,
  vhostDefinitionSections,
} from "../metadata/export-definitions.ts";
import type { MetadataView } from "../metadata/metadata-machine.ts";
import type { UserRecord, VirtualHostRecord } from "../metadata/records.ts";
import { PRODUCT } from "../product.ts";
import { StorageError } from "../storage/storage-error.ts";
import { actorOf } from "./login-access.ts";
import { refusedBecause, refusedError } from "./refused-change.ts";
import { runningBroker } from "./running-broker.ts";

/** The metadata of the running node. */
export class NodeMetadata implements Metadata {
  readonly #node: ControlledNode;

  constructor(node: ControlledNode) {
    this.#node = node;
  }

  vhosts(): readonly VhostEntry[] {
    return this.#metadata.vhosts().map(({ record }) => vhostEntry(record));
  }

  vhost(name: string): VhostEntry | undefined {
    const state = this.#metadata.vhost(name);
    return state && vhostEntry(state.record);
  }

  users(): readonly UserEntry[] {
    return this.#metadata.users().map(userEntry);
  }

  user(name: string): UserEntry | undefined {
    const user = this.#metadata.user(name);
    return user && userEntry(user);
  }

  permissions(): readonly PermissionEntry[] {
    return this.#metadata.permissions();
  }

  permission(user: string, vhost: string): PermissionEntry | undefined {
    return this.#metadata.permissionsFor(user, vhost);
  }

  topicPermissions(): readonly TopicPermissionEntry[] {
    return this.#metadata.topicPermissions();
  }

  policies(kind: PolicyKind): readonly PolicyEntry[] {
    const vhosts = this.#metadata.vhosts();
    return vhosts.flatMap((state) => (kind === "policy" ? state.policies : state.operatorPolicies));
  }

  parameters(vhost?: string): readonly ParameterEntry[] {
    const { parameters } = this.#metadata;
    if (vhost !== undefined) return parameters.ofVhost(vhost);
    return this.#metadata.vhosts().flatMap(({ record }) => parameters.ofVhost(record.name));
  }

  globalParameters(): readonly GlobalParameterEntry[] {
    return this.#metadata.parameters.global();
  }

  get clusterName(): string {
    return this.#broker.broker.clusterName;
  }

  change(change: MetadataChange, by: Identity): Promise<void> {
    const { administration } = this.#broker;
    return new Promise((resolve, reject) => {
      const onResult = (result: MetadataResult): void => {
        if (result.ok) resolve();
        else reject(refusedError(result));
      };
      administration.apply(command(change), onResult, "stored", actorOf(by));
    });
  }

  async hashPassword(password: string): Promise<PasswordHash> {
    const { administration } = this.#broker;
    const problem = administration.checkPassword(password);
    if (problem !== undefined) throw new RefusedError("bad_request", problem);
    const { hashingAlgorithm } = administration;
    const passwordHash = await makePasswordHash(password, hashingAlgorithm);
    return { passwordHash, hashingAlgorithm };
  }

  isHashingAlgorithm(name: string): boolean {
    return isHashingAlgorithm(name);
  }

  exportDefinitions(vhost?: string): Iterable<DocumentSection> | undefined {
    const options = exportOptions(this.#broker);
    const sections =
      vhost === undefined
        ? definitionSections(this.#metadata, options)
        : vhostDefinitionSections(this.#metadata, vhost, options);
    // Made for JSON.stringify.
    return sections as Iterable<DocumentSection> | undefined;
  }

  async importDefinitions(json: string, { vhost, by }: ImportOptions): Promise<void> {
    const { administration, broker } = this.#broker;
    try {
      const actor = actorOf(by);
      const document = { json, source: "definitions", vhost, actor };
      await importDefinitions(administration, document, broker.log);
    } catch (error) {
      if (error instanceof DefinitionsError) throw refusedBecause("bad_request", error);
      if (error instanceof StorageError) throw refusedBecause("store_unavailable", error);
      throw error;
    }
  }

  get #broker(): BrokerNode {
    return runningBroker(this.#node);
  }

  get #metadata(): MetadataView {
    return this.#broker.administration.metadata;
  }
}

/** The machine checks what remains: the name of a hashing algorithm, too. */
function command(change: MetadataChange): MetadataCommand {
  if (change.type !== "putUser") return change;
  const { hashingAlgorithm } = change;
  if (isHashingAlgorithm(hashingAlgorithm)) return { ...change, hashingAlgorithm };
  throw new RefusedError("bad_request", `unknown hashing algorithm ${hashingAlgorithm}`);
}

function vhostEntry(record: VirtualHostRecord): VhostEntry {
  const { maxConnections, maxQueues } = record.limits;
  const limits = limitEntries([
    ["max-connections", maxConnections],
    ["max-queues", maxQueues],
  ]);
  return { ...record, limits };
}

function userEntry(record: UserRecord): UserEntry {
  const { maxConnections, maxChannels } = record.limits;
  const limits = limitEntries([
    ["max-connections", maxConnections],
    ["max-channels", maxChannels],
  ]);
  return { ...record, limits };
}

function exportOptions({ config: { product } }: BrokerNode): ExportOptions {
  return {
    rabbitVersion: product.version ?? PRODUCT.version,
    productName: product.name ?? PRODUCT.name,
    productVersion: PRODUCT.productVersion,
  };
}
