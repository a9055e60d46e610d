import { setTimeout as delay } from "node:timers/promises";
import { checkTotalQueue, formatVerdict } from "@leveret/raft/history";
import type { ChannelModel } from "amqplib";
import type { BrokerLauncher, StartedBroker } from "../crash/broker-launcher.ts";
import { Consumer } from "../crash/consumer.ts";
import { CrashHistory } from "../crash/crash-history.ts";
import { explain } from "../crash/crash-test.ts";
import { drainAll } from "../crash/drain.ts";
import { QUEUE_PLANS, type QueuePlan } from "../crash/queue-plans.ts";
import { type Counters, Session } from "../crash/session.ts";
import { FillingPublisher } from "./filling-publisher.ts";
import type { SmallDisk } from "./small-disk.ts";

const FILL_MAX_MS = 120_000;
const UNBLOCK_MAX_MS = 60_000;
const CONSUME_MAX_MS = 60_000;
const POLL_MS = 20;
const HABITS = { prefetch: 100, ackEvery: 10, isHoarding: false };
const CONSUMED_WHILE_BLOCKED = 500;
const WAITING_LINE = /waits until \d+ MiB of the disk are free/;
/** Room for the two files of the log that a start wants, and for what the disk alarm keeps free. */
const GROWN_MIB = 200;
const PLANS: readonly QueuePlan[] = QUEUE_PLANS.filter(({ name }) =>
  ["crash-classic", "crash-quorum"].includes(name),
);

export interface DiskFullOptions {
  readonly launch: BrokerLauncher;
  readonly disk: SmallDisk;
  /** What was told so long before a kill must not be forgotten, ms. */
  readonly settleMs: number;
  readonly print: (line: string) => void;
}

interface Running {
  readonly broker: StartedBroker;
  readonly session: Session;
  readonly connection: ChannelModel;
}

/** A broker whose disk fills up, on which another program takes the rest, that is ended while it is full, and recovers. */
export class DiskFullTest {
  readonly #options: DiskFullOptions;
  readonly #history = new CrashHistory();
  readonly #counters: Counters = { lane: 0 };
  #starts = 0;
  /** From then on there is no room even for acks and marks: they may be forgotten, messages may not. */
  #fullSince = Infinity;
  #broker: StartedBroker | undefined;

  constructor(options: DiskFullOptions) {
    this.#options = options;
  }

  /** @throws Error saying what is wrong */
  async run(): Promise<void> {
    try {
      const { operations, drained } = await this.#steps();
      const used = Math.round((await this.#options.disk.usedBytes()) / 1e6);
      this.#say(`${operations} operations checked, nothing lost; ${drained} came at the end`);
      this.#say(`the data takes ${used} MB at the end`);
    } catch (error) {
      throw this.#broker === undefined ? error : await explain(error, this.#broker);
    }
  }

  async #steps(): Promise<{ operations: number; drained: number }> {
    let running = await this.#start();
    await declare(running.connection);
    const publisher = await FillingPublisher.open(running.session, PLANS);
    await publisher.untilBlocked(FILL_MAX_MS);
    const { confirmed } = running.session.counts;
    this.#say(`blocked with ${confirmed} confirmed and ${publisher.outstanding} unanswered`);
    await this.#consumeSome(running);
    for (const ending of ["kill", "term"] as const) {
      running = await this.#restart(running, ending);
      await this.#consumeSome(running);
    }
    running = await this.#fillUp(running);
    return await this.#recover(running);
  }

  /** Not one byte is left: consuming still works, and so does starting, or it waits for room. */
  async #fillUp(before: Running): Promise<Running> {
    let running = before;
    const { disk } = this.#options;
    this.#fullSince = performance.now();
    await disk.fill();
    this.#say(`${await disk.freeBytes()} bytes are free`);
    await this.#consumeSome(running);
    for (const ending of ["kill", "term"] as const) {
      await disk.fill();
      running = await this.#restartFull(running, ending);
    }
    await disk.clear();
    this.#fullSince = Infinity;
    return running;
  }

  /** Each start on a full disk takes a file that was kept for it; when there is none it waits, says so, and goes on when there is room. */
  async #restartFull(running: Running, ending: "kill" | "term"): Promise<Running> {
    await this.#end(running, ending);
    const broker = this.#options.launch();
    this.#broker = broker;
    const ready = broker.ready().then(() => "is ready" as const);
    const waiting = broker.line(WAITING_LINE).then(() => "waits for room" as const);
    const outcome = await Promise.race([ready, waiting]);
    this.#say(`the start after ${ending} on a full disk ${outcome}`);
    const { disk } = this.#options;
    if (outcome === "waits for room") await disk.grow(GROWN_MIB);
    const next = await this.#connectTo(broker);
    await this.#consumeSome(next);
    return next;
  }

  /** Everything is consumed: publishers go on. */
  async #recover(running: Running): Promise<{ operations: number; drained: number }> {
    const { session, connection, broker } = running;
    const publisher = await FillingPublisher.open(session, PLANS);
    publisher.publish();
    const before = session.counts.delivered;
    await drainAll(session, connection, PLANS);
    await publisher.untilUnblocked(UNBLOCK_MAX_MS);
    for (let count = 0; count < CONSUMED_WHILE_BLOCKED; count++) publisher.publish();
    await publisher.untilUnblocked(UNBLOCK_MAX_MS);
    this.#say("unblocked, and publishing goes on");
    await drainAll(session, connection, PLANS);
    const drained = session.counts.delivered - before;
    const operations = this.#check();
    await this.#end(running, "term");
    if (broker.isRunning) throw new Error("the broker goes on after SIGTERM");
    return { operations, drained };
  }

  async #start(): Promise<Running> {
    const broker = this.#options.launch();
    this.#broker = broker;
    return await this.#connectTo(broker);
  }

  async #connectTo(broker: StartedBroker): Promise<Running> {
    const startMs = performance.now();
    const session = new Session({
      url: await broker.ready(),
      start: ++this.#starts,
      history: this.#history,
      counters: this.#counters,
      backlog: new Map(),
    });
    const connection = await session.connect();
    this.#say(`ready after ${Math.round(performance.now() - startMs)} ms`);
    return { broker, session, connection };
  }

  /** Restarts; a publisher is blocked at once. */
  async #restart(running: Running, ending: "kill" | "term"): Promise<Running> {
    await this.#end(running, ending);
    const next = await this.#start();
    const publisher = await FillingPublisher.open(next.session, PLANS);
    await publisher.untilBlocked(UNBLOCK_MAX_MS);
    this.#say(`blocked after ${ending} with ${publisher.outstanding} unanswered`);
    return next;
  }

  async #end({ session, broker }: Running, ending: "kill" | "term"): Promise<void> {
    await delay(this.#options.settleMs);
    session.check();
    session.beginEnd();
    const endedAt = performance.now();
    await (ending === "kill" ? broker.kill() : broker.stop());
    await session.end();
    const { settleMs } = this.#options;
    const settledBefore = ending === "kill" ? endedAt - settleMs : endedAt;
    this.#history.endSession(endedAt, Math.min(settledBefore, this.#fullSince));
  }

  /** While publishers are blocked. */
  async #consumeSome({ session, connection }: Running): Promise<void> {
    for (const [seed, plan] of PLANS.entries()) {
      const wanted = session.counts.settled + CONSUMED_WHILE_BLOCKED / PLANS.length;
      const consumer = await Consumer.open(session, connection, { plan, habits: HABITS, seed });
      const deadline = performance.now() + CONSUME_MAX_MS;
      while (session.counts.settled < wanted) {
        session.check();
        if (performance.now() > deadline) {
          throw new Error(`${plan.name} gives nothing while publishers are blocked`);
        }
        await delay(POLL_MS);
      }
      await consumer.stop();
    }
    this.#say(`${session.counts.settled} consumed and acked while blocked`);
  }

  #check(): number {
    const excuses = { unmarked: 0, unmarkedMs: 0, unconfirmed: 0 };
    const operations = this.#history.takeOperations(excuses);
    const verdict = checkTotalQueue(operations, { isAckFinal: true });
    if (verdict.validity !== "valid") throw new Error(formatVerdict(verdict));
    return operations.length;
  }

  #say(line: string): void {
    this.#options.print(line);
  }
}

async function declare(connection: ChannelModel): Promise<void> {
  const channel = await connection.createChannel();
  for (const { name, options } of PLANS) await channel.assertQueue(name, options);
  await channel.close();
}
