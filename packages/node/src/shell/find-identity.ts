import { writeClusterFile } from "../cluster/members/cluster-file.ts";
import type { ClusterRecord } from "../cluster/members/cluster-record.ts";
import type { Config } from "../config/config.ts";
import type { Logger } from "../logger.ts";
import { prepareDataDirectory } from "../storage/data-directory.ts";
import { pauseUnlessAborted } from "./abortable-pause.ts";
import { ClusterError } from "./cluster-error.ts";
import type { ClusterSide } from "./cluster-side.ts";
import { planFormation } from "./formation.ts";
import { admittedRecord, foundCluster, rememberedIdentity } from "./node-identity.ts";
import { asOperationError, type PeerPlace } from "./peer-calls.ts";
import type { PeerGreeting } from "./peer-protocol.ts";
import { findSeeds, hasSeeds, type LocalAddress } from "./seeds.ts";

export interface IdentityOptions {
  readonly directory: string;
  readonly config: Config;
  readonly side: Pick<ClusterSide, "self" | "calls" | "port">;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly localAddress: LocalAddress;
  greet(place: PeerPlace): Promise<PeerGreeting | undefined>;
  setFounding(isFounding: boolean): void;
}

/**
 * Who this node is: as its data directory says; a new one joins the cluster of the nodes that it was told of, or founds one.
 * Rejects with a StorageError, a ClusterError, or StartAborted.
 */
export async function findIdentity(options: IdentityOptions): Promise<ClusterRecord> {
  const { directory, config, side, log } = options;
  prepareDataDirectory(directory);
  const remembered = await rememberedIdentity(directory, side.self);
  if (remembered !== undefined) return remembered;
  if (!hasSeeds(config)) return foundCluster(directory, side.self);
  const place = await findCluster(options);
  if (place === undefined) {
    log.info("no other node has a cluster: this one forms it");
    return foundCluster(directory, side.self);
  }
  return joinCluster(options, place);
}

/** undefined: this node is to found one. */
async function findCluster(options: IdentityOptions): Promise<PeerPlace | undefined> {
  const { config, side, log, greet, setFounding, signal } = options;
  const { retryLimit = Number.POSITIVE_INFINITY, retryIntervalMs } = config.cluster.formation;
  const plan = await planFormation(
    {
      nodeName: side.self.name,
      findSeeds: () => findSeeds(config, side.port.port, options.localAddress),
      retryLimit,
      retryIntervalMs,
    },
    { log, greet, setFounding, pause: (ms) => pauseUnlessAborted(ms, signal) },
  );
  if (plan.kind === "found") return undefined;
  if (plan.kind === "join") return { ...plan.place, name: plan.name };
  throw new ClusterError(
    "timeout",
    `the cluster of ${plan.names.join(", ")} cannot be joined: none of its nodes that answer runs`,
  );
}

async function joinCluster(options: IdentityOptions, place: PeerPlace): Promise<ClusterRecord> {
  const { directory, side, log } = options;
  try {
    const record = admittedRecord(await side.calls.join(place, side.self), side.self);
    await writeClusterFile(directory, record);
    log.info({ nodeId: record.nodeId }, `this node joins the cluster of ${place.name}`);
    return record;
  } catch (error) {
    throw refused(place, error);
  }
}

function refused({ name }: PeerPlace, cause: unknown): ClusterError {
  const { message } = asOperationError(cause);
  return new ClusterError("refused", `the cluster of ${name} cannot be joined: ${message}`, {
    cause,
  });
}
