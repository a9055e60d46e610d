import { type ReplicaId, replicaIdOf } from "../../core/ids.ts";
import { MessageType, type RaftMessage } from "../../core/message.ts";
import { nodeOf } from "../scenario/facts.ts";
import type { LogImage } from "../scenario/log-image.ts";
import { nameOf } from "../scenario/network.ts";
import { parseChange } from "../scenario/parse-change.ts";
import { blankImage, memberImage } from "../scenario/start.ts";
import type { LocalFacts } from "./local-facts.ts";
import { type LocalInput, LocalStates } from "./local-states.ts";
import { MessageTable } from "./message-table.ts";
import { extended, type History, historyKey } from "./model-ledger.ts";
import { type Budget, MODEL_CONFIG, type ModelScope } from "./model-scope.ts";

/** What is left of the budget, and how many commands and changes have been proposed. */
interface Left extends Budget {
  readonly commands: number;
  readonly changes: number;
}

/** A state of the whole cluster. */
export interface GlobalState {
  /** Local state of each replica, in the order of the nodes. */
  readonly locals: readonly number[];
  /** Numbers of the messages in flight, with repetitions: ascending, or by link in the order of sending. */
  readonly flights: readonly number[];
  readonly left: Left;
  readonly history: History;
}

/** One thing that may happen next to the replica at a place. */
export interface Action {
  readonly at: number;
  readonly input: LocalInput;
  readonly left: Left;
  /** Message that leaves the network by this; undefined: none, or a copy stays. */
  readonly taken: number | undefined;
  /** Place of a peer whose pre-vote comes at once. */
  readonly via: number | undefined;
}

/** The states of a cluster, and what leads from one to the next. */
export class Model {
  readonly #scope: ModelScope;
  readonly #messages = new MessageTable();
  readonly #locals: LocalStates;
  readonly #ids: readonly ReplicaId[];

  constructor(scope: ModelScope) {
    this.#scope = scope;
    const { voters = [], learners = [], spares = [] } = scope.cluster;
    const nodes = [...voters, ...learners, ...spares].sort((a, b) => a - b);
    this.#ids = nodes.map((node) => replicaIdOf(node, 1));
    const images = new Map<ReplicaId, LogImage>();
    for (const node of nodes) {
      const image = spares.includes(node) ? blankImage() : memberImage(scope.cluster, node);
      images.set(replicaIdOf(node, 1), image);
    }
    this.#locals = new LocalStates(this.#messages, {
      images,
      config: { ...MODEL_CONFIG, ...scope.cluster.config },
      isLost: (message) => scope.lost.includes(nameOf(message)),
    });
  }

  /** Different states that single replicas got into. */
  get localStateCount(): number {
    return this.#locals.size;
  }

  /** Different messages that were sent. */
  get messageCount(): number {
    return this.#messages.size;
  }

  /** Where exploring begins. */
  start(): GlobalState {
    const { budget, leader } = this.#scope;
    const left: Left = { ...budget, commands: 0, changes: 0 };
    const blank: GlobalState = {
      locals: this.#ids.map((id) => this.#locals.start(id)),
      flights: [],
      left,
      history: { leaders: [], committed: [] },
    };
    if (leader === undefined) return blank;
    const at = this.#ids.indexOf(replicaIdOf(leader, 1));
    const via = at === 0 ? 1 : 0;
    const input: LocalInput = { kind: "timeout" };
    return this.#settled(this.next(blank, { at, input, left, taken: undefined, via }));
  }

  #settled(start: GlobalState): GlobalState {
    let state = start;
    for (let round = 0; round < 500; round++) {
      const action = this.actions(state).find(
        ({ input }) => input.kind === "receive" || input.kind === "append-done",
      );
      if (action === undefined) return state;
      state = this.next(state, { ...action, left: state.left });
    }
    throw new Error("the start does not come to rest");
  }

  facts(state: GlobalState, at: number): LocalFacts {
    return this.#locals.facts(state.locals[at] ?? -1);
  }

  key({ locals, flights, left, history }: GlobalState): string {
    const { elections, crashes, duplicates, losses, ticks } = left;
    const rest = [elections, crashes, duplicates, losses, ticks, left.compactions];
    rest.push(left.damages, left.transfers, left.commands, left.changes);
    return `${locals}|${flights}|${rest}|${historyKey(history)}`;
  }

  /** Everything that may happen in a state. */
  actions(state: GlobalState): Action[] {
    const actions: Action[] = [];
    this.#addDeliveries(state, actions);
    for (let at = 0; at < this.#ids.length; at++) {
      const facts = this.facts(state, at);
      if (facts.isUp) this.#addOwn(state, at, facts, actions);
      else this.#addDown(state.left, at, facts, actions);
    }
    return actions;
  }

  #addDeliveries(state: GlobalState, actions: Action[]): void {
    const { flights } = state;
    flights.forEach((parcel, position) => {
      const previous = flights[position - 1];
      if (previous === undefined || this.#mayFollow(previous, parcel)) {
        this.#addDelivery(state, parcel, actions);
      }
    });
  }

  /** A message arrives, is lost or arrives for the first of two times. */
  #addDelivery({ left, locals }: GlobalState, parcel: number, actions: Action[]): void {
    const { message } = this.#messages.get(parcel);
    const at = this.#ids.indexOf(message.to);
    const facts = this.#locals.facts(locals[at] ?? -1);
    if (!facts.isUp) return;
    const rest = { at, taken: parcel, via: undefined };
    if (left.losses > 0) {
      actions.push({
        ...rest,
        input: { kind: "none" },
        left: { ...left, losses: left.losses - 1 },
      });
    }
    const inputs: LocalInput[] = [{ kind: "receive", parcel }];
    if (isRequest(message) && facts.hasLeader) {
      inputs.push({ kind: "receive-after-silence", parcel });
    }
    for (const input of inputs) {
      actions.push({ ...rest, input, left });
      if (left.duplicates > 0) {
        actions.push(ownAction(at, input, { ...left, duplicates: left.duplicates - 1 }));
      }
    }
  }

  /** Whether a message may arrive before the one that stands ahead of it, and is not just another copy of that one. */
  #mayFollow(previous: number, parcel: number): boolean {
    if (this.#scope.network === "unordered") return previous !== parcel;
    return this.#linkOf(previous) !== this.#linkOf(parcel);
  }

  #linkOf(parcel: number): number {
    const { from, to } = this.#messages.get(parcel).message;
    return this.#ids.indexOf(from) * this.#ids.length + this.#ids.indexOf(to);
  }

  /** What a replica that is up may do by itself, or have done to it. */
  #addOwn(state: GlobalState, at: number, facts: LocalFacts, actions: Action[]): void {
    const { left } = state;
    if (facts.pendingAppends > 0) actions.push(ownAction(at, { kind: "append-done" }, left));
    if (left.crashes > 0) {
      const less = { ...left, crashes: left.crashes - 1 };
      for (let reached = 0; reached <= facts.pendingAppends; reached++) {
        actions.push(ownAction(at, { kind: "crash", reached }, less));
      }
    }
    if (left.compactions > 0 && facts.appliedIndex > facts.base) {
      const less = { ...left, compactions: left.compactions - 1 };
      actions.push(ownAction(at, { kind: "compact" }, less));
    }
    if (facts.isLeader) this.#addLeading(at, left, actions);
    else if (left.elections > 0) this.#addElections(state, at, actions);
  }

  #addDown(left: Left, at: number, facts: LocalFacts, actions: Action[]): void {
    actions.push(ownAction(at, { kind: "restart" }, left));
    if (left.damages === 0) return;
    const less = { ...left, damages: left.damages - 1 };
    for (const { index } of facts.log) {
      actions.push(ownAction(at, { kind: "damage", index }, less));
    }
  }

  #addLeading(at: number, left: Left, actions: Action[]): void {
    const { commands, changes } = this.#scope;
    const command = commands[left.commands];
    if (command !== undefined) {
      const less = { ...left, commands: left.commands + 1 };
      actions.push(ownAction(at, { kind: "propose", command }, less));
    }
    const change = changes[left.changes];
    if (change !== undefined) {
      const parsed = parseChange(change.steps, change.transition, (node) => replicaIdOf(node, 1));
      const less = { ...left, changes: left.changes + 1 };
      actions.push(ownAction(at, { kind: "change", change: parsed }, less));
    }
    if (left.transfers > 0) {
      const less = { ...left, transfers: left.transfers - 1 };
      this.#ids.forEach((to, other) => {
        if (other !== at) actions.push(ownAction(at, { kind: "transfer", to }, less));
      });
    }
    if (left.ticks > 0) {
      actions.push(ownAction(at, { kind: "tick" }, { ...left, ticks: left.ticks - 1 }));
    }
  }

  #addElections({ left, locals }: GlobalState, at: number, actions: Action[]): void {
    const action = ownAction(at, { kind: "timeout" }, { ...left, elections: left.elections - 1 });
    if (this.#scope.preVotes === "as messages") {
      actions.push(action);
      return;
    }
    for (let via = 0; via < this.#ids.length; via++) {
      if (via === at || !this.#locals.facts(locals[via] ?? -1).isUp) continue;
      actions.push({ ...action, via });
    }
  }

  /**
   * The state after an action.
   * @throws Error if it breaks an invariant of a core or of the cluster
   */
  next(state: GlobalState, action: Action): GlobalState {
    const flights = [...state.flights];
    if (action.taken !== undefined) flights.splice(flights.indexOf(action.taken), 1);
    const { locals, history, left } = { ...state, left: action.left };
    const draft = { locals: [...locals], flights, left, history };
    if (action.input.kind !== "none") this.#step(draft, action.at, action.input);
    if (this.#scope.lives === "fenced") this.#fenceLives(draft, action);
    if (action.via !== undefined) this.#answerPreVote(draft, action.at, action.via);
    this.#forgetUseless(draft);
    const isOrdered = this.#scope.network === "ordered";
    // Sorting is stable: within a link the order of sending stays.
    draft.flights.sort((a, b) => (isOrdered ? this.#linkOf(a) - this.#linkOf(b) : a - b));
    return draft;
  }

  #step(draft: Draft, at: number, input: LocalInput): void {
    const before = draft.locals[at] ?? -1;
    const outcome = this.#locals.step(before, input);
    if (outcome.error !== undefined) throw outcome.error;
    draft.flights.push(...outcome.sent);
    if (outcome.next === before) return;
    draft.locals[at] = outcome.next;
    const all = new Map(
      this.#ids.map((id, place) => [id, this.#locals.facts(draft.locals[place] ?? -1)]),
    );
    const step = {
      replica: this.#ids[at] ?? 0,
      before: this.#locals.facts(before),
      after: this.#locals.facts(outcome.next),
    };
    draft.history = extended(draft.history, step, all);
  }

  /** What the transport does when a replica goes or comes back. */
  #fenceLives(draft: Draft, { at, input }: Action): void {
    const id = this.#ids[at] ?? 0;
    const { kind } = input;
    if (kind !== "crash" && kind !== "restart") return;
    draft.flights = draft.flights.filter((parcel) => {
      const { from, to } = this.#messages.get(parcel).message;
      return (kind === "crash" ? to : from) !== id;
    });
    if (kind === "crash") return;
    for (let other = 0; other < this.#ids.length; other++) {
      const isUp = this.#locals.facts(draft.locals[other] ?? -1).isUp;
      if (other !== at && isUp) this.#step(draft, other, { kind: "peer-restarted", replica: id });
    }
  }

  /** One peer answers at once; what the others would say comes too late. */
  #answerPreVote(draft: Draft, at: number, via: number): void {
    const request = this.#takeWhere(
      draft,
      ({ type, to }) => type === MessageType.PreVote && to === this.#ids[via],
    );
    this.#dropPreVotes(draft, at);
    if (request === undefined) return;
    const { hasLeader } = this.#locals.facts(draft.locals[via] ?? -1);
    const kind = hasLeader ? "receive-after-silence" : "receive";
    this.#step(draft, via, { kind, parcel: request });
    const reply = this.#takeWhere(
      draft,
      ({ type, to, from }) =>
        type === MessageType.PreVoteReply && to === this.#ids[at] && from === this.#ids[via],
    );
    if (reply !== undefined) this.#step(draft, at, { kind: "receive", parcel: reply });
  }

  #takeWhere(draft: Draft, matches: (message: RaftMessage) => boolean): number | undefined {
    const found = draft.flights.find((parcel) => matches(this.#messages.get(parcel).message));
    if (found !== undefined) draft.flights.splice(draft.flights.indexOf(found), 1);
    return found;
  }

  #dropPreVotes(draft: Draft, at: number): void {
    draft.flights = draft.flights.filter((parcel) => {
      const { type, from } = this.#messages.get(parcel).message;
      return type !== MessageType.PreVote || from !== this.#ids[at];
    });
  }

  /** Answers of a term that their receiver has left for good say nothing any more. */
  #forgetUseless(draft: Draft): void {
    draft.flights = draft.flights.filter((parcel) => {
      const { message } = this.#messages.get(parcel);
      if (!isReply(message)) return true;
      const at = this.#ids.indexOf(message.to);
      const { disk } = this.#locals.facts(draft.locals[at] ?? -1);
      return message.term >= disk.hardState.currentTerm;
    });
  }

  /** For people. */
  describe({ at, input, taken, via }: Action): string {
    const who = `node ${nodeOf(this.#ids[at] ?? 0)}`;
    switch (input.kind) {
      case "receive":
      case "receive-after-silence": {
        const copy = taken === undefined ? " (a copy stays)" : "";
        const silence = input.kind === "receive" ? "" : " after silence";
        return `${who} gets${silence} ${this.#messages.text(input.parcel)}${copy}`;
      }
      case "timeout":
        return via === undefined
          ? `${who} times out`
          : `${who} times out, node ${nodeOf(this.#ids[via] ?? 0)} answers its pre-vote`;
      case "propose":
        return `${who} proposes ${input.command}`;
      case "change":
        return `${who} proposes a change`;
      case "crash":
        return `${who} crashes with ${input.reached} writes on disk`;
      case "damage":
        return `${who} has damage of entry ${input.index}`;
      case "peer-restarted":
        return `${who} learns that node ${nodeOf(input.replica)} restarted`;
      case "transfer":
        return `${who} hands over to node ${nodeOf(input.to)}`;
      case "none":
        return `lost: ${taken === undefined ? "" : this.#messages.text(taken)}`;
      case "append-done":
      case "tick":
      case "compact":
      case "restart":
        return `${who}: ${input.kind}`;
      default:
        return input satisfies never;
    }
  }

  /** For people: where each replica stands. */
  describeState(state: GlobalState): string {
    const lines = this.#ids.map((id, at) => {
      const facts = this.facts(state, at);
      const log = facts.log.map(({ index, term }) => `${index}:${term}`).join(" ");
      const role = facts.isUp ? (facts.isLeader ? "leader" : "up") : "down";
      return `  node ${nodeOf(id)} ${role} term ${facts.term} commit ${facts.commit} log ${log}`;
    });
    return lines.join("\n");
  }
}

interface Draft {
  readonly locals: number[];
  flights: number[];
  readonly left: Left;
  history: History;
}

function ownAction(at: number, input: LocalInput, left: Left): Action {
  return { at, input, left, taken: undefined, via: undefined };
}

function isRequest({ type }: RaftMessage): boolean {
  return type === MessageType.RequestVote || type === MessageType.PreVote;
}

function isReply({ type }: RaftMessage): boolean {
  return (
    type === MessageType.AppendEntriesReply ||
    type === MessageType.RequestVoteReply ||
    type === MessageType.PreVoteReply ||
    type === MessageType.HeartbeatReply
  );
}
