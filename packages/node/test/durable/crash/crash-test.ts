import { setTimeout as delay } from "node:timers/promises";
import { checkTotalQueue, formatVerdict, type QueueRules } from "@leveret/raft/history";
import { Random } from "../../../../raft/src/core/random.ts";
import type { BrokerLauncher, StartedBroker } from "./broker-launcher.ts";
import { Consumer, type ConsumerHabits } from "./consumer.ts";
import { CrashHistory, type Excuses } from "./crash-history.ts";
import { ChangingQueues, countReady, declareAll, verifySurvivors } from "./declared-things.ts";
import { drainAll, publishBarrier } from "./drain.ts";
import { Publisher } from "./publisher.ts";
import { QUEUE_PLANS } from "./queue-plans.ts";
import { type Counters, type RoundCounts, Session } from "./session.ts";
import { TxPublisher } from "./tx-publisher.ts";

/** Of a hundred rounds: killed at any moment after the start, so perhaps while it recovers. */
const EARLY_PERCENT = 15;
const EARLY_MAX_MS = 700;
const END_SEEN_MS = 500;
/** A history that is longer is checked, and a new one begun. */
const OPERATIONS_MAX = 400_000;

/** How a start of the broker ends. */
export type Ending = "kill" | "term";

export interface CrashTestOptions {
  readonly seed: number;
  readonly launch: BrokerLauncher;
  readonly endings: "kill" | "term" | "mixed";
  /** Longest time under load, ms. */
  readonly runMaxMs: number;
  /** Rounds between two moments at which all queues are drained and the history is checked. */
  readonly roundsPerCheck: number;
  /** What the broker was told so long before a kill it has to remember, ms. */
  readonly settleMs: number;
  /** Names of queues whose history is not checked. */
  readonly unchecked?: readonly string[];
  /** Called between two starts. */
  readonly afterKill?: () => Promise<void>;
}

/** What a round did. */
export interface RoundReport extends RoundCounts {
  readonly round: number;
  readonly ending: Ending;
  /** Ended before it was ready, or at once. */
  readonly isEarly: boolean;
  /** From the start of the process until clients could connect. */
  readonly readyMs: number;
  /** Under load, and drained. */
  readonly loadMs: number;
  /** From the signal until the process was gone. */
  readonly endMs: number;
  /** Messages found in the queues at the start. */
  readonly found: number;
  /** Operations that were checked; undefined: that comes later. */
  readonly checked: number | undefined;
}

/** A broker that is ended again and again under load, and what it has promised is checked. */
export class CrashTest {
  readonly excuses: Excuses = { unmarked: 0, unmarkedMs: 0, unconfirmed: 0 };
  readonly #options: CrashTestOptions;
  readonly #random: Random;
  readonly #history = new CrashHistory();
  readonly #counters: Counters = { lane: 0 };
  readonly #changing: ChangingQueues;
  #round = 0;
  #sinceCheck = 0;
  #isDeclared = false;
  /** When rounds ended since the last check, for whoever reads a verdict. */
  #ends: string[] = [];
  /** The queues were drained before the kill. */
  #isEmpty = true;

  constructor(options: CrashTestOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#changing = new ChangingQueues(new Random(this.#random.nextU32()));
  }

  /** Starts the broker, loads it, ends it. @throws Error saying what is wrong */
  async runRound({ isLast = false } = {}): Promise<RoundReport> {
    const round = ++this.#round;
    const ending = this.#chooseEnding();
    const startMs = performance.now();
    const broker = this.#options.launch();
    let report: RoundReport;
    try {
      if (this.#isEarly(isLast)) {
        report = { ...(await this.#endEarly(broker)), round };
      } else {
        const session = await this.#openSession(broker);
        const readyMs = performance.now() - startMs;
        report = { ...(await this.#load(session, broker, { ending, isLast })), round, readyMs };
      }
    } catch (error) {
      throw await explain(error, broker);
    }
    if (ending === "kill") await this.#options.afterKill?.();
    return report;
  }

  #chooseEnding(): Ending {
    const { endings } = this.#options;
    if (endings !== "mixed") return endings;
    return this.#random.below(2) === 0 ? "kill" : "term";
  }

  #isEarly(isLast: boolean): boolean {
    const { endings } = this.#options;
    if (isLast || endings === "term" || !this.#isDeclared) return false;
    return this.#random.below(100) < EARLY_PERCENT;
  }

  async #endEarly(broker: StartedBroker): Promise<RoundReport> {
    await delay(this.#random.below(EARLY_MAX_MS));
    await broker.kill();
    return {
      ...NOTHING_DONE,
      round: this.#round,
      ending: "kill",
      isEarly: true,
      readyMs: 0,
      loadMs: 0,
      endMs: 0,
      found: 0,
      checked: undefined,
    };
  }

  async #openSession(broker: StartedBroker): Promise<Session> {
    return new Session({
      url: await broker.ready(),
      start: this.#round,
      history: this.#history,
      counters: this.#counters,
      backlog: new Map(),
    });
  }

  async #load(
    session: Session,
    broker: StartedBroker,
    { ending, isLast }: { ending: Ending; isLast: boolean },
  ): Promise<Omit<RoundReport, "round" | "readyMs">> {
    const connection = await session.connect();
    const found = await this.#prepare(session, connection);
    const beginMs = performance.now();
    const publishers = [
      await Publisher.open(session, this.#random.nextU32()),
      await Publisher.open(session, this.#random.nextU32()),
    ];
    const transactions = await TxPublisher.open(session, this.#random.nextU32());
    const consumers = await this.#openConsumers(session);
    const running = publishers.map((each) => each.run());
    transactions.start();
    running.push(this.#changing.run(session, connection));
    await delay(this.#random.below(this.#options.runMaxMs));
    session.check();
    let checked: number | undefined;
    if (this.#isCheckDue(isLast)) {
      for (const publisher of publishers) await publisher.stop();
      await transactions.stop();
      for (const consumer of consumers) await consumer.stop();
      await drainAll(session, connection, QUEUE_PLANS);
      await publishBarrier(session, connection, this.#options.settleMs);
      checked = this.#check();
    }
    session.check();
    if (!broker.isRunning) throw new Error("the broker has ended by itself");
    const loadMs = performance.now() - beginMs;
    const endMs = await this.#end(session, broker, ending);
    await Promise.all(running);
    await transactions.stop();
    return { ...session.counts, ending, isEarly: false, loadMs, endMs, found, checked };
  }

  /** What has to be there is there. */
  async #prepare(
    session: Session,
    connection: Awaited<ReturnType<Session["connect"]>>,
  ): Promise<number> {
    if (this.#isDeclared) {
      await verifySurvivors(connection);
      await this.#changing.verify(connection);
    }
    const channel = await connection.createChannel();
    await declareAll(channel);
    this.#isDeclared = true;
    let found = 0;
    for (const [queue, count] of await countReady(channel, QUEUE_PLANS)) {
      session.backlog.set(queue, count);
      if (this.#isEmpty && count > 0) {
        throw new Error(`${queue} has ${count} messages although all had been acked`);
      }
      found += count;
    }
    this.#isEmpty = false;
    await channel.close();
    return found;
  }

  async #openConsumers(session: Session): Promise<Consumer[]> {
    const connection = await session.connect();
    const consumers: Consumer[] = [];
    for (const plan of QUEUE_PLANS) {
      // None: the queue grows. Two: they share it.
      for (let count = this.#random.below(3); count > 0; count--) {
        const seed = this.#random.nextU32();
        const habits = this.#chooseHabits();
        consumers.push(await Consumer.open(session, connection, { plan, habits, seed }));
      }
    }
    return consumers;
  }

  #chooseHabits(): ConsumerHabits {
    const prefetch = [1, 10, 100, 500][this.#random.below(4)] ?? 1;
    const ackEvery = 1 + this.#random.below(Math.ceil(prefetch / 2));
    return { prefetch, ackEvery, isHoarding: this.#random.below(3) === 0 };
  }

  #isCheckDue(isLast: boolean): boolean {
    this.#sinceCheck++;
    const isLong = this.#history.operationCount > OPERATIONS_MAX;
    return isLast || isLong || this.#sinceCheck >= this.#options.roundsPerCheck;
  }

  /** @returns how many operations were checked. @throws Error with the verdict */
  #check(): number {
    const { unchecked = [] } = this.#options;
    const all = this.#history.takeOperations(this.excuses);
    const operations = all.filter(({ key }) => !unchecked.includes(key));
    this.#sinceCheck = 0;
    this.#isEmpty = true;
    const verdict = checkTotalQueue(operations, { queues: rulesByName(), isAckFinal: true });
    if (verdict.validity !== "valid") {
      throw new Error([formatVerdict(verdict), ...this.#ends].join("\n"));
    }
    this.#ends = [];
    return operations.length;
  }

  /** @returns how long the broker took, ms */
  async #end(session: Session, broker: StartedBroker, ending: Ending): Promise<number> {
    session.beginEnd();
    const endedAt = performance.now();
    await (ending === "kill" ? broker.kill() : broker.stop());
    const endMs = performance.now() - endedAt;
    await session.end();
    const { lastDurablePublishAt } = this.#history;
    const { settleMs } = this.#options;
    const storedAt = Math.min(endedAt, lastDurablePublishAt);
    const finalBefore = ending === "kill" ? storedAt - settleMs : endedAt;
    this.#history.endSession(endedAt, finalBefore);
    const when = `${ending} at ${Math.round(endedAt)} ms`;
    this.#ends.push(`round ${this.#round}: ${when}, final before ${Math.round(finalBefore)} ms`);
    return endMs;
  }
}

/** A broker that ended by itself is the reason for whatever its clients say. */
export async function explain(error: unknown, broker: StartedBroker): Promise<Error> {
  // Its clients may know before its parent does.
  await delay(END_SEEN_MS);
  if (broker.isRunning) {
    await broker.kill();
    return error instanceof Error ? error : new Error(String(error));
  }
  const log = broker.lastLines.join("\n");
  return new Error(`the broker has ended by itself:\n${log}`, { cause: error });
}

const NOTHING_DONE: RoundCounts = {
  published: 0,
  confirmed: 0,
  refused: 0,
  delivered: 0,
  redelivered: 0,
  settled: 0,
};

function rulesByName(): { [name: string]: Partial<QueueRules> } {
  return Object.fromEntries(QUEUE_PLANS.map(({ name, rules }) => [name, rules]));
}

/** One line for people. */
export function formatRound(report: RoundReport): string {
  const { round, ending, isEarly, readyMs, loadMs, endMs, found, checked } = report;
  if (isEarly) return `round ${round}: killed while starting`;
  const { published, confirmed, refused, delivered, redelivered, settled } = report;
  const start = `ready after ${Math.round(readyMs)} ms with ${found} messages`;
  const out = `published ${published} (confirmed ${confirmed}, refused ${refused})`;
  const came = `delivered ${delivered} (redelivered ${redelivered}), settled ${settled}`;
  const end = `${ending} after ${Math.round(loadMs)} ms took ${Math.round(endMs)} ms`;
  const check = checked === undefined ? "" : `; drained, ${checked} operations checked`;
  return `round ${round}: ${start}; ${out}; ${came}${check}; ${end}`;
}
