import type { Clock, NodeId, Timer, Timers } from "@leveret/raft";
import {
  PLACEMENT_PASS_MS,
  PLACEMENT_RETRY_MS,
  PLACEMENT_SLICE_COUNT,
  PLACEMENT_SLICE_MS,
  PLACEMENTS_AT_ONCE,
  REPLICA_REPLACE_AFTER_MS,
} from "../../limits.ts";
import type { MetadataEvent } from "../../metadata/events.ts";
import type { MetadataView } from "../../metadata/metadata-machine.ts";
import type { MetadataStore } from "../../metadata/metadata-store.ts";
import { homeOf, replicasOf } from "../../metadata/queue-replicas.ts";
import type { QueueRecord } from "../../metadata/records.ts";
import { ClusterView, queueKey } from "./cluster-view.ts";
import { type Mirroring, mirroringOf } from "./mirroring.ts";
import { QueueLoads } from "./queue-loads.ts";
import { type WantedReplicas, wantedReplicas } from "./wanted-replicas.ts";

export interface QueuePlacerOptions {
  readonly metadata: Pick<MetadataStore, "machine" | "submit">;
  readonly clock: Clock;
  readonly timers: Timers;
  /** The node that leads the queue's group; undefined: not known (yet). */
  leaderOf(queue: QueueRecord): NodeId | undefined;
  /** For how long a member has not answered, milliseconds; 0: it does. */
  downForMs(nodeId: NodeId): number;
  /** Queues with a replica on the node, as they are counted where the placer does not run. Default: not known, 0. */
  replicasOn?(nodeId: NodeId): number;
}

const MEMBER_EVENTS: ReadonlySet<MetadataEvent["type"]> = new Set([
  "memberChanged",
  "memberRemoved",
  "replaced",
]);

interface QueueName {
  readonly vhost: string;
  readonly name: string;
}

/**
 * Keeps each queue's record in step with its policy and with the members: submits `placeQueue` where `wantedReplicas` says something
 * else than the record. Runs where the metadata are led, and nowhere else; a new leader starts with a pass over all queues, so
 * nothing that was missed matters. Works in slices of a few milliseconds. What the replicas do about it is ConfDriver's.
 */
export class QueuePlacer {
  readonly #options: QueuePlacerOptions;
  #loads = new QueueLoads();
  /** To be reviewed, by key. */
  readonly #dirty = new Map<string, QueueName>();
  readonly #submitted = new Set<string>();
  /** Reviewed again after a pause: refused, or the leader was not known. */
  readonly #later = new Map<string, QueueName>();
  /** Members as of the last look; undefined: look again. */
  #view: ClusterView | undefined;
  #pass: Iterator<unknown> | undefined;
  #passTimer: Timer | undefined;
  #retryTimer: Timer | undefined;
  #isScheduled = false;
  #isRunning = false;

  constructor(options: QueuePlacerOptions) {
    this.#options = options;
  }

  /** This node leads the metadata, and has applied what was in their log before. */
  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#startPass();
  }

  /** Another node leads the metadata, or this one stops. */
  stop(): void {
    this.#isRunning = false;
    this.#passTimer?.cancel();
    this.#retryTimer?.cancel();
    this.#retryTimer = undefined;
    this.#pass = undefined;
    this.#dirty.clear();
    this.#later.clear();
    this.#submitted.clear();
  }

  /** A change of the metadata, also one that it asked for itself. */
  onEvent(event: MetadataEvent): void {
    if (MEMBER_EVENTS.has(event.type)) this.#view = undefined;
    if (!this.#isRunning) return;
    const { type } = event;
    if (type === "queueDeclared" || type === "queuePlaced") {
      this.#count(event.queue);
      this.#touch(event.queue);
    } else if (type === "queueDeleted") {
      this.#loads.remove(queueKey(event.queue.vhost, event.queue.name));
    } else if (type === "queueConfigChanged") {
      this.#touch(event);
    } else if (MEMBER_EVENTS.has(type)) {
      this.#startPass();
    }
  }

  /** A node came, or went: there may be room now for replicas that are missing. */
  onPeerChange(): void {
    this.#view = undefined;
    if (this.#isRunning) this.#startPass();
  }

  /** Where the replicas are to be once `sync_queue` has placed the mirrors that wait for it. Also where it does not run. */
  synchronisedPlaces(queue: QueueRecord): readonly NodeId[] {
    return this.#wantedOf(queue, true).replicas;
  }

  /** Nodes that are to have a mirror of the queue and wait for `sync_queue`. Also where it does not run. */
  unsyncedOf(queue: QueueRecord): readonly NodeId[] {
    return replicasOf(queue).length === 0 ? [] : this.#wantedOf(queue, false).unsynced;
  }

  /** How the queue is to be mirrored, by its type and policies. */
  mirroringOf(queue: QueueRecord): Mirroring {
    const { vhost, name } = queue;
    const { policy, operatorPolicy } = this.#machine.effectivePolicy("queue", vhost, name);
    return mirroringOf(queue, policy, operatorPolicy);
  }

  get #machine(): MetadataView {
    return this.#options.metadata.machine;
  }

  #touch({ vhost, name }: QueueName): void {
    this.#dirty.set(queueKey(vhost, name), { vhost, name });
    this.#schedule();
  }

  #count(queue: QueueRecord): void {
    const nodes = replicasOf(queue).map(({ nodeId }) => nodeId);
    const key = queueKey(queue.vhost, queue.name);
    this.#loads.place(key, nodes.length > 0 ? nodes : [homeOf(queue)]);
  }

  #startPass(): void {
    this.#view = undefined;
    this.#pass = this.#passOver();
    this.#passTimer?.cancel();
    this.#passTimer = this.#options.timers.setTimer(PLACEMENT_PASS_MS, () => this.#startPass());
    this.#schedule();
  }

  /** First counts what the nodes have, then reviews; a yield after each queue. */
  *#passOver(): Generator<undefined> {
    this.#loads = new QueueLoads();
    for (const queue of this.#queues()) {
      this.#count(queue);
      yield;
    }
    for (const queue of this.#queues()) {
      if (replicasOf(queue).length > 0) this.#touch(queue);
      yield;
    }
  }

  *#queues(): Generator<QueueRecord> {
    for (const vhost of this.#machine.vhosts()) yield* vhost.queues.values();
  }

  #schedule(): void {
    if (this.#isScheduled || !this.#isRunning) return;
    this.#isScheduled = true;
    this.#options.timers.defer(() => {
      this.#isScheduled = false;
      if (this.#isRunning) this.#slice();
    });
  }

  #slice(): void {
    const { clock } = this.#options;
    const untilMs = clock.monotonicMs() + PLACEMENT_SLICE_MS;
    for (let count = 0; this.#step(); count++) {
      if (count < PLACEMENT_SLICE_COUNT && clock.monotonicMs() < untilMs) continue;
      this.#schedule();
      return;
    }
  }

  /** Reviews one queue, or goes on with the pass. false: nothing to do, or not before submissions have been answered. */
  #step(): boolean {
    const isFull = this.#submitted.size >= PLACEMENTS_AT_ONCE;
    for (const [key, name] of isFull ? [] : this.#dirty) {
      this.#dirty.delete(key);
      if (!this.#submitted.has(key)) this.#review(key, name);
      return true;
    }
    if (isFull || this.#pass === undefined) return false;
    if (this.#pass.next().done === true) this.#pass = undefined;
    return true;
  }

  #review(key: string, name: QueueName): void {
    const queue = this.#machine.queue(name.vhost, name.name);
    if (queue === undefined) return;
    const current = replicasOf(queue).map(({ nodeId }) => nodeId);
    if (current.length === 0) return;
    const { replicas } = this.#wantedOf(queue, false);
    if (isSameSet(current, replicas)) return;
    const dropsUnknown =
      this.#options.leaderOf(queue) === undefined &&
      current.some((nodeId) => !replicas.includes(nodeId) && this.#viewNow().isRunning(nodeId));
    // It may be the leader that would go: its node will say so soon.
    if (dropsUnknown) this.#reviewLater(key, name);
    else this.#place(queue, replicas);
  }

  #wantedOf(queue: QueueRecord, isSyncAsked: boolean): WantedReplicas {
    return wantedReplicas(
      {
        key: queueKey(queue.vhost, queue.name),
        mirroring: this.mirroringOf(queue),
        current: replicasOf(queue).map(({ nodeId }) => nodeId),
        leader: this.#options.leaderOf(queue),
        isSyncAsked,
      },
      this.#viewNow(),
      (nodeId) => this.#replicasOn(nodeId),
    );
  }

  #replicasOn(nodeId: NodeId): number {
    if (this.#isRunning) return this.#loads.replicasOn(nodeId);
    return this.#options.replicasOn?.(nodeId) ?? 0;
  }

  #viewNow(): ClusterView {
    this.#view ??= new ClusterView(
      this.#machine.members().map(({ nodeId, name, state }) => {
        const downMs = this.#options.downForMs(nodeId);
        return {
          nodeId,
          name,
          isRunning: state === "running" && downMs === 0,
          isGone: downMs >= REPLICA_REPLACE_AFTER_MS,
        };
      }),
    );
    return this.#view;
  }

  #place(queue: QueueRecord, replicas: readonly NodeId[]): void {
    const { vhost, name } = queue;
    const key = queueKey(vhost, name);
    this.#submitted.add(key);
    // Counted at once: the next queue's choice should know of it.
    this.#loads.place(key, replicas);
    this.#options.metadata.submit({ type: "placeQueue", vhost, name, replicas }, (result) => {
      this.#submitted.delete(key);
      if (!this.#isRunning) return;
      if (result.ok) this.#touch({ vhost, name });
      else this.#onRefused(key, { vhost, name });
      this.#schedule();
    });
  }

  #onRefused(key: string, name: QueueName): void {
    const queue = this.#machine.queue(name.vhost, name.name);
    if (queue === undefined) {
      this.#loads.remove(key);
      return;
    }
    this.#count(queue);
    this.#reviewLater(key, name);
  }

  #reviewLater(key: string, name: QueueName): void {
    this.#later.set(key, name);
    this.#retryTimer ??= this.#options.timers.setTimer(PLACEMENT_RETRY_MS, () => {
      this.#retryTimer = undefined;
      for (const again of this.#later.values()) this.#touch(again);
      this.#later.clear();
    });
  }
}

function isSameSet(left: readonly NodeId[], right: readonly NodeId[]): boolean {
  return left.length === right.length && left.every((nodeId) => right.includes(nodeId));
}
