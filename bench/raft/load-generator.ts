import type { ProposalResult, RaftGroup } from "@leveret/raft";
import type { Load } from "./node-program-options.ts";

const SAMPLE_EVERY = 64;
const NO_OPTIONS = {};
const SAMPLES_MAX = 20_000;

/** Keeps a number of proposals of one group under way, as long as this node leads it. */
export class LoadGenerator {
  readonly #group: RaftGroup;
  readonly #load: Load;
  /** The same for all entries: the log never changes it, and a broker has its bytes from the socket, too. */
  readonly #data: Uint8Array;
  readonly #latencies: number[] = [];
  /** One for all that are not timed: the load shares a thread with what is measured. */
  readonly #onUntimed = (result: ProposalResult): void => this.#onResult(result, undefined);
  #outstanding = 0;
  #proposed = 0;
  #applied = 0;
  #refused = 0;

  constructor(group: RaftGroup, load: Load) {
    this.#group = group;
    this.#load = load;
    this.#data = Buffer.alloc(load.entrySize, 0x61);
  }

  get applied(): number {
    return this.#applied;
  }

  get refused(): number {
    return this.#refused;
  }

  get isFinished(): boolean {
    const { entriesPerGroup } = this.#load;
    return entriesPerGroup !== undefined && this.#applied >= entriesPerGroup;
  }

  /** Milliseconds from proposal to applied of some of the latest; empties the list. */
  takeLatencies(): number[] {
    return this.#latencies.splice(0);
  }

  /** Proposes what is missing. Call it now and then: a refused proposal is not tried again at once. */
  pump(): void {
    if (this.#group.status().role !== "leader") return;
    const { outstanding, entriesPerGroup = Number.POSITIVE_INFINITY } = this.#load;
    while (this.#outstanding < outstanding && this.#proposed < entriesPerGroup) this.#propose();
  }

  #propose(): void {
    this.#outstanding++;
    this.#proposed++;
    if (this.#proposed % SAMPLE_EVERY !== 0) {
      this.#group.propose(this.#data, NO_OPTIONS, this.#onUntimed);
      return;
    }
    const startMs = performance.now();
    this.#group.propose(this.#data, NO_OPTIONS, (result) => this.#onResult(result, startMs));
  }

  #onResult(result: ProposalResult, startMs: number | undefined): void {
    this.#outstanding--;
    if (result.kind !== "applied") {
      this.#proposed--;
      this.#refused++;
      return;
    }
    this.#applied++;
    if (startMs !== undefined && this.#latencies.length < SAMPLES_MAX) {
      this.#latencies.push(performance.now() - startMs);
    }
    const { outstanding, entriesPerGroup = Number.POSITIVE_INFINITY } = this.#load;
    if (this.#outstanding < outstanding && this.#proposed < entriesPerGroup) this.#propose();
  }
}
