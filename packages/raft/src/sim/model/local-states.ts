import type { ConfChange } from "../../core/conf-state.ts";
import type { ReplicaId } from "../../core/ids.ts";
import type { RaftMessage } from "../../core/message.ts";
import type { RaftConfig } from "../../core/raft-config.ts";
import { checkClaims } from "../scenario/claims.ts";
import type { LogImage } from "../scenario/log-image.ts";
import { bytesOf } from "../scenario/recorder.ts";
import { Replica, type ReplicaObserver } from "../scenario/replica.ts";
import { configFor } from "../scenario/start.ts";
import { fingerprintOf, type LocalFacts, localFactsOf } from "./local-facts.ts";
import type { MessageTable } from "./message-table.ts";

/** One thing that happens to one replica. */
export type LocalInput =
  | { readonly kind: "receive"; readonly parcel: number }
  /** As receive, by a follower that has not heard of its leader for long. */
  | { readonly kind: "receive-after-silence"; readonly parcel: number }
  | { readonly kind: "append-done" }
  | { readonly kind: "timeout" }
  | { readonly kind: "tick" }
  | { readonly kind: "propose"; readonly command: string }
  | { readonly kind: "change"; readonly change: ConfChange }
  | { readonly kind: "compact" }
  | { readonly kind: "crash"; readonly reached: number }
  | { readonly kind: "restart" }
  /** The host learned that the node of another replica has started again. */
  | { readonly kind: "peer-restarted"; readonly replica: ReplicaId }
  | { readonly kind: "damage"; readonly index: number }
  | { readonly kind: "transfer"; readonly to: ReplicaId }
  /** Nothing happens here: only a message is lost. */
  | { readonly kind: "none" };

/** Where an input leads, and what is sent on the way. */
export interface Outcome {
  readonly next: number;
  readonly sent: readonly number[];
  /** The replica threw: an invariant of the core or of the log is broken. */
  readonly error: Error | undefined;
}

interface LocalState {
  readonly replica: ReplicaId;
  readonly facts: LocalFacts;
  /** How to get here; undefined for the start. */
  readonly origin: { readonly from: number; readonly input: LocalInput } | undefined;
}

export interface LocalOptions {
  /** Disks at the start. */
  readonly images: ReadonlyMap<ReplicaId, LogImage>;
  readonly config: Partial<RaftConfig>;
  /** Messages that never arrive. */
  readonly isLost: (message: RaftMessage) => boolean;
}

/** Steps of a replica's own after one input; more would be an endless loop. */
const ROUNDS_MAX = 100;
/** Replica objects kept for the next step from where they are. */
const LIVE_MAX = 64;

/**
 * All states that single replicas get into, and where each input leads from each. A core is deterministic, so this is computed
 * once however many states of the whole cluster contain it: exploring those is then mere looking up. To compute a new one,
 * the replica is brought into its state again by the inputs that first led there.
 */
export class LocalStates {
  readonly #options: LocalOptions;
  readonly #messages: MessageTable;
  readonly #states: LocalState[] = [];
  readonly #ids = new Map<string, number>();
  /** By state, then by input. */
  readonly #outcomes: Map<string, Outcome>[] = [];
  readonly #live = new Map<number, Replica>();
  readonly #observer: ReplicaObserver;
  #sent: number[] = [];

  constructor(messages: MessageTable, options: LocalOptions) {
    this.#messages = messages;
    this.#options = options;
    this.#observer = {
      onSend: (sender, message) => {
        checkClaims(sender.id, sender.log.durable, message);
        this.#send({ message, state: undefined });
      },
      onReady: () => {},
      onApply: () => {},
      onStep: () => {},
    };
  }

  get size(): number {
    return this.#states.length;
  }

  facts(id: number): LocalFacts {
    return this.#get(id).facts;
  }

  #get(id: number): LocalState {
    const state = this.#states[id];
    if (state === undefined) throw new Error(`no local state ${id}`);
    return state;
  }

  /** State of a replica that has just started. */
  start(replica: ReplicaId): number {
    return this.#intern(this.#create(replica), undefined);
  }

  /** What an input does in a state. */
  step(id: number, input: LocalInput): Outcome {
    const key = keyOf(input);
    const known = this.#outcomes[id]?.get(key);
    if (known !== undefined) return known;
    const outcome = this.#compute(id, input);
    this.#outcomes[id]?.set(key, outcome);
    return outcome;
  }

  #compute(id: number, input: LocalInput): Outcome {
    const replica = this.#live.get(id) ?? this.#rebuild(id);
    this.#live.delete(id);
    this.#sent = [];
    try {
      this.#perform(replica, input);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      return { next: id, sent: [], error };
    }
    const sent = this.#sent;
    // A later rebuild must not add to what this outcome holds.
    this.#sent = [];
    return { next: this.#intern(replica, { from: id, input }), sent, error: undefined };
  }

  #intern(replica: Replica, origin: LocalState["origin"]): number {
    const key = fingerprintOf(replica);
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#states.length;
      this.#ids.set(key, id);
      this.#states.push({ replica: replica.id, facts: localFactsOf(replica), origin });
      this.#outcomes.push(new Map());
    }
    if (this.#live.size >= LIVE_MAX) this.#live.clear();
    this.#live.set(id, replica);
    return id;
  }

  #rebuild(id: number): Replica {
    const inputs: LocalInput[] = [];
    let at = this.#get(id);
    while (at.origin !== undefined) {
      inputs.push(at.origin.input);
      at = this.#get(at.origin.from);
    }
    const replica = this.#create(at.replica);
    for (const input of inputs.reverse()) this.#perform(replica, input);
    return replica;
  }

  #create(id: ReplicaId): Replica {
    const image = this.#options.images.get(id);
    if (image === undefined) throw new Error(`no disk for ${id}`);
    // The seed does not depend on the boot: chance decides nothing here.
    const config = configFor(id, 0, () => true, this.#options);
    const replica = new Replica(id, image, () => config, this.#observer);
    replica.start();
    this.#settle(replica);
    return replica;
  }

  #perform(replica: Replica, input: LocalInput): void {
    switch (input.kind) {
      case "receive":
        this.#receive(replica, input.parcel);
        break;
      case "receive-after-silence":
        replica.core.forgetLeader();
        this.#receive(replica, input.parcel);
        break;
      case "append-done":
        replica.processAppend();
        break;
      case "timeout":
        replica.core.campaign();
        break;
      case "tick":
        replica.core.tick();
        break;
      case "propose":
        replica.core.propose(bytesOf(input.command));
        break;
      case "change":
        replica.core.proposeConfChange(input.change);
        break;
      case "compact":
        replica.compact(replica.state.index);
        break;
      case "crash":
        replica.crash(input.reached);
        break;
      case "restart":
        replica.start();
        break;
      case "peer-restarted":
        replica.core.peerRestarted(input.replica);
        break;
      case "damage":
        replica.log.damage({ first: input.index, last: input.index }, false);
        break;
      case "transfer":
        replica.core.transferLeader(input.to);
        break;
      case "none":
        break;
      default:
        input satisfies never;
    }
    if (replica.isUp) this.#settle(replica);
  }

  #receive(replica: Replica, parcel: number): void {
    const { message, state } = this.#messages.get(parcel);
    replica.receive(message, state);
  }

  /** Ready, reads, applying and snapshots happen at once; only the disk takes its time. */
  #settle(replica: Replica): void {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      let isBusy = replica.processReady();
      isBusy = replica.processFetch() || isBusy;
      isBusy = replica.processApply() || isBusy;
      for (const { to } of replica.snapshotRequests.splice(0)) this.#send(replica.snapshotFor(to));
      if (!isBusy) return;
    }
    throw new Error("a replica does not come to rest");
  }

  #send(parcel: Parameters<MessageTable["intern"]>[0]): void {
    if (!this.#options.isLost(parcel.message)) this.#sent.push(this.#messages.intern(parcel));
  }
}

function keyOf(input: LocalInput): string {
  switch (input.kind) {
    case "receive":
      return `r${input.parcel}`;
    case "receive-after-silence":
      return `s${input.parcel}`;
    case "propose":
      return `p${input.command}`;
    case "change":
      return `m${input.change.transition}${input.change.steps.map((s) => s.kind + s.replica).join()}`;
    case "crash":
      return `c${input.reached}`;
    case "damage":
      return `d${input.index}`;
    case "peer-restarted":
      return `u${input.replica}`;
    case "transfer":
      return `t${input.to}`;
    case "append-done":
    case "timeout":
    case "tick":
    case "compact":
    case "restart":
    case "none":
      return input.kind;
    default:
      return input satisfies never;
  }
}
