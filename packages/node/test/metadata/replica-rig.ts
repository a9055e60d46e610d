import {
  type Entry,
  EntryType,
  NONE,
  type ProposalResult,
  type RaftGroup,
  replicaIdOf,
} from "@leveret/raft";
import { decodeForwardAnswer, type ForwardAnswer } from "../../src/metadata/codec/answer-codec.ts";
import { decodeMetadataEntry } from "../../src/metadata/codec/entry-codec.ts";
import type { MetadataCommand } from "../../src/metadata/commands.ts";
import type { MetadataLink } from "../../src/metadata/metadata-link.ts";
import { MetadataStateMachine } from "../../src/metadata/metadata-state-machine.ts";
import { ReplicatedMetadata } from "../../src/metadata/replicated-metadata.ts";
import { recordingLogger } from "../alarm/recording-logger.ts";
import { VirtualTimers } from "./virtual-timers.ts";

type ReadOutcome = Parameters<Parameters<RaftGroup["read"]>[0]>[0];
interface Proposal {
  readonly entry: Entry;
  readonly done: (result: ProposalResult) => void;
}

/** Node 1's replica in a group of three: it leads, follows and answers as a test says. */
class ScriptedGroup {
  readonly machine = new MetadataStateMachine();
  readonly groupId = 1;
  /** The node that leads, as the replica knows; 0: none. */
  leader = 2;
  stoppedBecause: string | undefined;
  /** Refuses proposals with this, if set. */
  refusal: ProposalResult | undefined;
  /** What reads end with. */
  readOutcome: ReadOutcome = { kind: "ready", index: 1 };
  readCount = 0;
  /** Accepted, and without an outcome. */
  readonly proposals: Proposal[] = [];
  readonly #timers: VirtualTimers;
  #index = 0;

  constructor(timers: VirtualTimers) {
    this.#timers = timers;
  }

  get isReady(): boolean {
    return this.leader === 1;
  }

  status(): object {
    return {
      stoppedBecause: this.stoppedBecause,
      role: this.leader === 1 ? "leader" : "follower",
      leader: this.leader === 0 ? NONE : replicaIdOf(this.leader, 1),
      conf: {
        voters: [1, 2, 3].map((node) => replicaIdOf(node, 1)),
        votersOutgoing: [],
        learners: [],
      },
    };
  }

  propose(
    data: Uint8Array,
    options: { readonly command?: unknown },
    done: (result: ProposalResult) => void,
  ): boolean {
    const refusal: ProposalResult | undefined =
      this.leader === 1 ? this.refusal : { kind: "not-leader", leader: NONE };
    if (refusal !== undefined) {
      this.#timers.defer(() => done(refusal));
      return false;
    }
    this.proposals.push({ entry: this.#entry(data, options.command), done });
    return true;
  }

  read(done: (result: ReadOutcome) => void): void {
    this.readCount++;
    const { readOutcome } = this;
    this.#timers.defer(() => done(readOutcome));
  }

  /** An entry that was committed by another leader is applied here. */
  commit(data: Uint8Array): void {
    this.machine.apply(this.#entry(data, undefined));
    this.#timers.endTurn();
  }

  /** What this node has proposed is committed. */
  commitAll(): void {
    for (const { entry, done } of this.proposals.splice(0)) {
      this.machine.apply(entry);
      this.#timers.defer(() => done({ kind: "applied", index: entry.index, term: 1 }));
    }
    this.#timers.endTurn();
  }

  /** This node leads no more, and nobody knows what became of what it has proposed. */
  loseLeadership(to: number): void {
    this.leader = to;
    for (const { done } of this.proposals.splice(0))
      this.#timers.defer(() => done({ kind: "unknown" }));
    this.#timers.endTurn();
  }

  #entry(data: Uint8Array, command: unknown): Entry {
    this.#index++;
    return { index: this.#index, term: 1, type: EntryType.Command, data, crc: 0, command };
  }
}

/** Carries payloads to where a test looks at them. */
class ScriptedLink implements MetadataLink {
  isUp = true;
  sent: { readonly to: number; readonly payload: Uint8Array }[] = [];
  readonly answers: { readonly to: number; readonly answer: ForwardAnswer | undefined }[] = [];

  forward(to: number, payload: Uint8Array): boolean {
    if (this.isUp) this.sent.push({ to, payload });
    return this.isUp;
  }

  /** Nodes that can be reached. */
  others: readonly number[] = [];
  /** Nodes that were told how many of their submissions are applied: "node 2, life 3: 4". */
  readonly told: string[] = [];

  reachable(): Iterable<number> {
    return this.others;
  }

  tellApplied(to: number, incarnation: number, seq: number): void {
    this.told.push(`node ${to}, life ${incarnation}: ${seq}`);
  }

  answer(to: number, payload: Uint8Array): void {
    this.answers.push({ to, answer: decodeForwardAnswer(payload) });
  }
}

/** The store of node 1 in a cluster of three. */
export class ReplicaRig {
  readonly timers = new VirtualTimers();
  readonly group = new ScriptedGroup(this.timers);
  readonly link = new ScriptedLink();
  readonly log = recordingLogger();
  /** What submitters were told: "name: ok". */
  readonly answers: string[] = [];
  readonly metadata = new ReplicatedMetadata({
    // The store calls nothing else of a group.
    group: this.group as unknown as RaftGroup,
    timers: this.timers,
    log: this.log.log,
    origin: { nodeId: 1, incarnation: 7 },
    link: this.link,
  });

  /** Submits a vhost of this name. */
  add(...names: readonly string[]): void {
    for (const name of names) this.submit(name, { type: "addVhost", name });
  }

  submit(what: string, command: MetadataCommand): void {
    this.metadata.submit(command, (result) => {
      this.answers.push(`${what}: ${result.ok ? "ok" : `${result.reason}: ${result.text}`}`);
    });
    this.timers.endTurn();
  }

  /** What was sent since the last look: "2<1:a" is number 1 with vhost a to node 2; a dash stands for nothing. */
  taken(): string[] {
    const { sent } = this.link;
    this.link.sent = [];
    return sent.map(({ to, payload }) => `${to}<${briefEntry(payload)}`);
  }

  get proposed(): string[] {
    return this.group.proposals.map(({ entry }) => briefEntry(entry.data));
  }

  get vhosts(): string[] {
    return this.metadata.machine.vhosts().map(({ record }) => record.name);
  }

  /** The node that leads commits what it got. */
  commit(...payloads: readonly Uint8Array[]): void {
    for (const payload of payloads) this.group.commit(payload);
  }
}

function briefEntry(data: Uint8Array): string {
  const { origin, command } = decodeMetadataEntry(data);
  const what = command === undefined ? "-" : "name" in command ? command.name : command.type;
  return `${origin?.seq}:${what}`;
}
