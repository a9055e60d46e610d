import { HistoryError, type Operation } from "../format/operation.ts";
import { CandidateWalk, NO_CANDIDATE, type WalkContext } from "./candidate-walk.ts";
import { PendingOperations } from "./pending-operations.ts";
import { PlacedSet } from "./placed-set.ts";
import type { SequentialModel } from "./sequential-model.ts";
import { StateNeeds } from "./state-needs.ts";
import { StateTable } from "./state-table.ts";
import { VisitedSet } from "./visited-set.ts";

/** Bounds of the search for one key. Counted, not timed, so that the same history always gets the same verdict. */
export interface SearchLimits {
  /** Operations looked at. About 10 to 30 million a second. */
  readonly stepsMax: number;
  /** Bytes of the search's memory of where it has been. */
  readonly memoryMax: number;
}

/** How far the search came with a history that has no linearization. */
export interface Obstacle {
  /** The longest beginning that was found, in its order. */
  readonly prefix: readonly Operation[];
  /** The state behind it, as the model shows it. */
  readonly state: string;
  /** The operation that cannot be placed there, while all that could be placed before it, in any order, was tried. */
  readonly blocked: Operation;
  /** Answered operations that overlap with it and are not in the prefix either. */
  readonly concurrent: readonly Operation[];
}

export type SearchResult =
  | { readonly kind: "linearizable"; readonly order: readonly Operation[]; readonly steps: number }
  | { readonly kind: "impossible"; readonly obstacle: Obstacle; readonly steps: number }
  | { readonly kind: "given-up"; readonly why: string; readonly steps: number };

/**
 * Looks for an order of the operations of one object that a sequential run could have had, with each operation somewhere
 * between its invocation and its answer. After Wing and Gong's "Testing and verifying concurrent objects" (1993), with
 * Lowe's memory of visited configurations ("Testing for linearizability", 2017): depth first, an operation is placed at
 * the end of the order if it was invoked before the first answer among those not placed yet. All answered ones placed:
 * found. Nothing can be placed: take the last one back.
 */
export function searchLinearization<S>(
  history: readonly Operation[],
  model: SequentialModel<S>,
  limits: SearchLimits,
): SearchResult {
  const search = new LinearizationSearch(history, model, { ...limits, looksAhead: true });
  const end = search.run();
  const { steps } = search;
  switch (end.kind) {
    case "found":
      return { kind: "linearizable", order: search.order, steps };
    case "impossible":
      return { kind: "impossible", obstacle: findObstacle(history, model, limits), steps };
    case "given-up":
      return { kind: "given-up", why: end.why, steps };
    default:
      return end satisfies never;
  }
}

const EXPLAINING_STEPS_MAX = 2_000_000;

/**
 * A search that looks ahead stops long before the operation that is to blame is reached. For people, a plain one goes on
 * until there, or until it has gone far enough.
 */
function findObstacle<S>(
  history: readonly Operation[],
  model: SequentialModel<S>,
  limits: SearchLimits,
): Obstacle {
  const stepsMax = Math.min(limits.stepsMax, EXPLAINING_STEPS_MAX);
  const search = new LinearizationSearch(history, model, {
    ...limits,
    stepsMax,
    looksAhead: false,
  });
  search.run();
  const { obstacle } = search;
  if (obstacle === undefined) throw new HistoryError(`${model.name} contradicts itself`);
  return obstacle;
}

interface SearchOptions extends SearchLimits {
  /** Never leaves a state that is still needed and cannot come back. */
  readonly looksAhead: boolean;
}

type SearchEnd =
  | { readonly kind: "found" }
  | { readonly kind: "impossible" }
  | { readonly kind: "given-up"; readonly why: string };

class LinearizationSearch<S> implements WalkContext<S> {
  readonly pending: PendingOperations;
  readonly model: SequentialModel<S>;
  steps = 0;
  readonly #options: SearchOptions;
  readonly #placed: PlacedSet;
  readonly #states: StateTable = new StateTable();
  readonly #needs: StateNeeds;
  readonly #visited: VisitedSet;
  /** Numbers of the placed operations, in their order; the walk at [n] goes over what can be at [n]. */
  readonly #order: number[] = [];
  readonly #walks: CandidateWalk<S>[] = [];
  #best = -1;
  #obstacle: Obstacle | undefined;

  constructor(history: readonly Operation[], model: SequentialModel<S>, options: SearchOptions) {
    this.model = model;
    this.pending = new PendingOperations(history, model);
    this.#options = options;
    this.#placed = new PlacedSet(this.pending.operations.length);
    this.#needs = new StateNeeds(this.pending, model, this.#states);
    this.#visited = new VisitedSet(options.memoryMax);
  }

  get order(): Operation[] {
    return this.#order.flatMap((number) => this.pending.operations[number] ?? []);
  }

  /** Where the search came furthest before it had to turn back, or was given up. */
  get obstacle(): Obstacle | undefined {
    return this.#obstacle;
  }

  run(): SearchEnd {
    const { initial } = this.model;
    const { stepsMax, looksAhead } = this.#options;
    if (looksAhead && this.#needs.isAnyMissing(this.#numberOf(initial))) {
      return { kind: "impossible" };
    }
    this.#walks.push(new CandidateWalk<S>(this, initial, false));
    while (!this.pending.isAllAnsweredPlaced) {
      const walk = this.#walks.at(-1);
      if (walk === undefined) return { kind: "impossible" };
      if (this.steps > stepsMax) return this.#giveUp(walk, `more than ${stepsMax} steps`);
      const candidate = walk.next();
      if (candidate === NO_CANDIDATE) this.#takeBack(walk);
      else if (!this.#place(walk, candidate)) return this.#giveUp(walk, "its memory is full");
    }
    return { kind: "found" };
  }

  /** False: no room in memory. */
  #place(walk: CandidateWalk<S>, number: number): boolean {
    const { pending, model } = this;
    const operation = pending.operations[number];
    const state = operation && model.step(walk.state, operation);
    if (state === undefined) return true;
    const isUnanswered = !pending.isAnswered(number);
    this.#lift(number);
    const visit = this.#visit(walk.state, state, isUnanswered);
    if (visit === "new") {
      this.#order.push(number);
      this.#walks.push(new CandidateWalk<S>(this, state, isUnanswered));
      return true;
    }
    this.#unlift(number);
    return visit !== "full";
  }

  #visit(before: S, after: S, isUnanswered: boolean): "new" | "known" | "full" | "dead-end" {
    const left = this.#numberOf(before);
    const state = this.#numberOf(after);
    const { looksAhead } = this.#options;
    if (looksAhead && left !== state && this.#needs.isIrreplaceable(left)) return "dead-end";
    // What is behind an unanswered operation may go on in fewer ways: it is another configuration.
    const configuration = state * 2 + (isUnanswered ? 1 : 0);
    return this.#visited.add(this.#placed, this.pending.deadline, configuration);
  }

  #numberOf(state: S): number {
    return this.#states.numberOf(this.model.stateKey(state));
  }

  #lift(number: number): void {
    this.pending.lift(number);
    this.#placed.flip(number);
    this.#needs.lift(number);
  }

  #unlift(number: number): void {
    this.pending.unlift(number);
    this.#placed.flip(number);
    this.#needs.unlift(number);
  }

  #takeBack(walk: CandidateWalk<S>): void {
    this.#noteObstacle(walk);
    this.#walks.pop();
    const number = this.#order.pop();
    if (number !== undefined) this.#unlift(number);
  }

  #giveUp(walk: CandidateWalk<S>, why: string): SearchEnd {
    this.#noteObstacle(walk);
    return { kind: "given-up", why };
  }

  #noteObstacle(walk: CandidateWalk<S>): void {
    const { pending } = this;
    const blocked = pending.operations[pending.deadline];
    if (pending.placedAnswered <= this.#best || blocked === undefined) return;
    this.#best = pending.placedAnswered;
    this.#obstacle = {
      prefix: this.order,
      state: this.model.stateKey(walk.state),
      blocked,
      concurrent: pending.candidates().filter((each) => each !== blocked),
    };
  }
}
