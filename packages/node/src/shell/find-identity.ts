import { writeClusterFile } from "../cluster/members/cluster-file.ts";
import type { ClusterRecord } from "../cluster/members/cluster-record.ts";
import type { Config } from "../config/config.ts";
import type { OperationProblem } from "../control/operation-error.ts";
import type { Logger } from "../logger.ts";
import { prepareDataDirectory } from "../storage/data-directory.ts";
import { pauseUnlessAborted } from "./abortable-pause.ts";
import { ClusterError } from "./cluster-error.ts";
import type { ClusterSide } from "./cluster-side.ts";
import { planFormation } from "./formation.ts";
import { admittedRecord, foundCluster, rememberedIdentity } from "./node-identity.ts";
import { asOperationError, type PeerCalls, type PeerPlace } from "./peer-calls.ts";
import type { PeerGreeting } from "./peer-protocol.ts";
import { findSeeds, hasSeeds, type LocalAddress } from "./seeds.ts";

export interface IdentityOptions {
  readonly directory: string;
  readonly config: Config;
  readonly side: Pick<ClusterSide, "self"> & {
    readonly calls: Pick<PeerCalls, "join">;
    readonly port: { readonly port: number };
  };
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
  const place = await findCluster(options, false);
  if (place === undefined) {
    log.info("no other node has a cluster: this one forms it");
    return foundCluster(directory, side.self);
  }
  return joinWithPatience(options, place);
}

/** What another member, or the same one in a moment, may not say any more. */
const PASSING: ReadonlySet<OperationProblem> = new Set([
  "unreachable",
  "app_not_running",
  "no_quorum",
  "timeout",
]);

/**
 * Joins the cluster by this member, or, if that one fails meanwhile, by another. The one that failed may have taken this node in: whoever is
 * asked next takes it in anew, under another number (peer-service.ts).
 */
async function joinWithPatience(
  options: IdentityOptions,
  place: PeerPlace,
): Promise<ClusterRecord> {
  const { config, log, signal } = options;
  const { retryLimit = Number.POSITIVE_INFINITY, retryIntervalMs } = config.cluster.formation;
  let next = place;
  for (let attempt = 1; ; attempt++) {
    try {
      return await joinCluster(options, next);
    } catch (error) {
      const { problem, message } = asOperationError(error);
      if (!PASSING.has(problem) || attempt >= retryLimit) throw refused(next, error);
      log.warn(
        { attempt, retryLimit },
        `the cluster of ${next.name} cannot be joined just now: ${message}`,
      );
    }
    await pauseUnlessAborted(retryIntervalMs, signal);
    next = (await findCluster(options, true)) ?? next;
  }
}

/** undefined: this node is to found one, unless it `isJoining` already. */
async function findCluster(
  options: IdentityOptions,
  isJoining: boolean,
): Promise<PeerPlace | undefined> {
  const { config, side, log, greet, setFounding, signal } = options;
  const { retryLimit = Number.POSITIVE_INFINITY, retryIntervalMs } = config.cluster.formation;
  const plan = await planFormation(
    {
      nodeName: side.self.name,
      findSeeds: () => findSeeds(config, side.port.port, options.localAddress),
      retryLimit,
      retryIntervalMs,
      isJoining,
    },
    { log, greet, setFounding, pause: (ms) => pauseUnlessAborted(ms, signal) },
  );
  if (plan.kind === "found") return undefined;
  if (plan.kind === "join") return { ...plan.place, name: plan.name };
  const whose = plan.names.length === 0 ? "" : ` of ${plan.names.join(", ")}`;
  throw new ClusterError(
    "timeout",
    `the cluster${whose} cannot be joined: none of its nodes that answer runs`,
  );
}

async function joinCluster(options: IdentityOptions, place: PeerPlace): Promise<ClusterRecord> {
  const { directory, side, log } = options;
  const record = admittedRecord(await side.calls.join(place, side.self), side.self);
  await writeClusterFile(directory, record);
  log.info({ nodeId: record.nodeId }, `this node joins the cluster of ${place.name}`);
  return record;
}

function refused({ name }: PeerPlace, cause: unknown): ClusterError {
  const { message } = asOperationError(cause);
  return new ClusterError("refused", `the cluster of ${name} cannot be joined: ${message}`, {
    cause,
  });
}
