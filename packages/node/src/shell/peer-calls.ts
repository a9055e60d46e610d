import { ControlClient, ControlError, DialError, type PortTls } from "@leveret/control";
import { ClusterRecordError } from "../cluster/members/cluster-record.ts";
import type { StreamTime } from "../control/controlled-node.ts";
import { OperationError } from "../control/operation-error.ts";
import { parseNetAddress } from "../runtime/net-address.ts";
import {
  type Admission,
  decodeAdmission,
  decodeGreeting,
  decodeNodeStatus,
  type NodeStatus,
  PEER_METHODS,
  type PeerGreeting,
  type PeerIdentity,
} from "./peer-protocol.ts";
import {
  PEER_CALL_TIMEOUT_MS,
  PEER_CHANGE_TIMEOUT_MS,
  PEER_GREETING_TIMEOUT_MS,
  PEER_ROWS_TIMEOUT_MS,
} from "./shell-limits.ts";

/** Where another node's cluster port is, and who should be there. */
export interface PeerPlace {
  readonly address: string;
  /** undefined: whoever answers. */
  readonly name?: string | undefined;
}

export interface PeerCallsOptions {
  readonly nodeName: string;
  readonly cookie: string;
  readonly tls?: PortTls | undefined;
  /** For tests: the network lets nothing through. */
  isCut?(address: string): boolean;
}

/** Asks other nodes; one connection for each question, as there are few. */
export class PeerCalls {
  readonly #options: PeerCallsOptions;

  constructor(options: PeerCallsOptions) {
    this.#options = options;
  }

  /** Rejects with a DialError, or a ControlError. */
  async greet(place: PeerPlace, identity: PeerIdentity): Promise<PeerGreeting> {
    const answer = await this.#call(place, PEER_METHODS.greet, identity, PEER_GREETING_TIMEOUT_MS);
    return decodeGreeting(answer);
  }

  /** Rejects with a DialError, or a ControlError. */
  async status(place: PeerPlace): Promise<NodeStatus> {
    const answer = await this.#call(place, PEER_METHODS.status, {}, PEER_GREETING_TIMEOUT_MS);
    return decodeNodeStatus(answer);
  }

  /** Rejects with an OperationError. */
  async join(place: PeerPlace, identity: PeerIdentity): Promise<Admission> {
    return decodeAdmission(await this.#change(place, PEER_METHODS.join, identity));
  }

  /** Has another member remove a node. Rejects with an OperationError. */
  async remove(place: PeerPlace, nodeId: number): Promise<void> {
    await this.#change(place, PEER_METHODS.remove, { nodeId });
  }

  /** The answer of any method. Rejects with an OperationError. */
  async call(
    place: PeerPlace,
    method: string,
    params: object,
    timeoutMs: number = PEER_CALL_TIMEOUT_MS,
  ): Promise<unknown> {
    try {
      return await this.#call(place, method, params, timeoutMs);
    } catch (error) {
      throw asOperationError(error);
    }
  }

  /** The rows of any method, as they come, for `timeoutMs` at most or until the signal. Throws an OperationError. */
  async *stream(
    place: PeerPlace,
    method: string,
    params: object,
    { timeoutMs = PEER_ROWS_TIMEOUT_MS, signal }: StreamTime = {},
  ): AsyncGenerator<unknown, void, undefined> {
    try {
      const client = await this.#connect(place, PEER_CALL_TIMEOUT_MS);
      try {
        const time = signal === undefined ? { timeoutMs } : { timeoutMs, signal };
        yield* client.stream(method, withoutUndefined(params), time);
      } finally {
        client.close();
      }
    } catch (error) {
      throw asOperationError(error);
    }
  }

  #change(place: PeerPlace, method: string, params: object): Promise<unknown> {
    return this.call(place, method, params, PEER_CHANGE_TIMEOUT_MS);
  }

  async #call(
    place: PeerPlace,
    method: string,
    params: object,
    timeoutMs: number,
  ): Promise<unknown> {
    const client = await this.#connect(place, Math.min(timeoutMs, PEER_CALL_TIMEOUT_MS));
    try {
      return await client.call(method, withoutUndefined(params), { timeoutMs });
    } finally {
      client.close();
    }
  }

  async #connect({ address, name }: PeerPlace, timeoutMs: number): Promise<ControlClient> {
    const target = parseNetAddress(address);
    if (target === undefined || target.host === "") {
      throw new DialError("unreachable", `"${address}" is no address of a node`);
    }
    const { isCut, ...options } = this.#options;
    if (isCut?.(address) === true) {
      throw new DialError("unreachable", `no connection to ${address}: the network is cut`);
    }
    return ControlClient.connect({ ...target, ...options, nodeMeant: name, timeoutMs });
  }
}

/** What a node of the same version throws keeps its kind over the wire. */
export function asOperationError(error: unknown): OperationError {
  if (error instanceof OperationError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof ControlError) {
    const problem = PROBLEMS.find((known) => known === error.code) ?? "unreachable";
    return new OperationError(problem, message);
  }
  if (error instanceof DialError) return new OperationError("unreachable", message);
  if (error instanceof ClusterRecordError) {
    return new OperationError("failed", `the other node's answer is not understood: ${message}`);
  }
  return new OperationError("failed", message);
}

const PROBLEMS = [
  "app_running",
  "app_not_running",
  "not_a_cluster_node",
  "node_running",
  "itself",
  "inconsistent_cluster",
  "no_quorum",
  "timeout",
  "failed",
] as const;

/** Some codecs do not take undefined for absent. */
function withoutUndefined(params: object): object {
  return Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined));
}
