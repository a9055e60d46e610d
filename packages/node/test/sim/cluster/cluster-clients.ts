import type { HistoryRecorder } from "@leveret/raft/history";
import type { Coverage, Random, SimScheduler } from "@leveret/raft/sim";
import type { ConsumerHandle } from "../../../src/queue/broker-queue.ts";
import type { BrokerLife } from "./broker-life.ts";
import type { ClusterSwarm } from "./cluster-swarm.ts";
import { QUEUES, type QueueSpec } from "./queue-specs.ts";
import { bodyOf, type Received, SimSession } from "./sim-session.ts";

/** What clients see of the cluster. */
export interface ClientWorld {
  readonly swarm: ClusterSwarm;
  readonly scheduler: SimScheduler;
  readonly messages: HistoryRecorder;
  readonly coverage: Coverage;
  /** A node that takes clients; undefined: there is none. */
  pickServing(): BrokerLife | undefined;
  nextProcess(): number;
  /** Whether the one that leads the group now is its only voter. */
  isAlone(groupId: number | undefined): boolean;
  onDelivered(delivery: DeliveryNote, what: string): void;
  onTrace(nodeId: number, what: () => string): void;
  onFault(what: string): void;
}

/** A delivery, as exclusivity is judged by it. */
export interface DeliveryNote {
  readonly queue: string;
  readonly consumer: number;
  readonly session: SimSession;
  readonly isDetached: () => boolean;
}

/** Begins the names of messages that nothing is promised of. */
export const TRANSIENT = "t";
/** Unconfirmed messages of one publisher. */
const WINDOW = 200;
const RETRY_MS = 100;

/** A client that comes, does something for a while at one node, and goes. */
abstract class Client {
  protected readonly world: ClientWorld;
  protected readonly random: Random;
  #isStopped = false;

  constructor(world: ClientWorld, random: Random) {
    this.world = world;
    this.random = random;
  }

  get nowMs(): number {
    return this.world.scheduler.nowMs;
  }

  start(): void {
    this.after(this.random.float() * 500, () => this.#connect());
  }

  /** Ends it; what it holds goes back. */
  stop(): void {
    this.#isStopped = true;
    this.session?.run(() => this.session?.close());
  }

  protected session: SimSession | undefined;

  protected get isStopped(): boolean {
    return this.#isStopped;
  }

  protected after(ms: number, call: () => void): void {
    this.world.scheduler.after(ms, () => {
      if (!this.#isStopped) call();
    });
  }

  /** The next time that something is to be done, as long as the session lasts. */
  protected soon(meanMs: number, session: SimSession, call: () => void): void {
    this.after(this.random.exponential(meanMs), () => {
      if (session.isOpen) session.run(call);
    });
  }

  protected abstract begin(session: SimSession): void;
  /** The session is over, by whatever cause. */
  protected abstract ended(session: SimSession): void;
  /** How long it stays at one node, mean. */
  protected abstract readonly stayMeanMs: number;

  #connect(): void {
    const life = this.world.pickServing();
    const { broker } = life ?? {};
    if (life === undefined || broker === undefined) {
      this.after(RETRY_MS, () => this.#connect());
      return;
    }
    const session = new SimSession(life, broker);
    this.session = session;
    this.#watch(session, this.nowMs + this.random.exponential(this.stayMeanMs));
    session.run(() => this.begin(session));
  }

  #watch(session: SimSession, untilMs: number): void {
    this.after(50, () => {
      if (session.isOpen && this.nowMs > untilMs) session.run(() => session.close());
      if (session.isOpen) {
        this.#watch(session, untilMs);
        return;
      }
      this.ended(session);
      this.after(this.random.exponential(RETRY_MS), () => this.#connect());
    });
  }
}

interface Publishing {
  readonly name: string;
  readonly queue: string;
}

/** Publishes with confirms. What is not confirmed when its session ends, or refused, it may send again in the next one. */
export class Publisher extends Client {
  protected readonly stayMeanMs = 10_000;
  readonly #queues: readonly QueueSpec[];
  #process = 0;
  #count = 0;
  #open = new Map<number, Publishing>();
  readonly #again: Publishing[] = [];

  constructor(world: ClientWorld, random: Random) {
    super(world, random);
    this.#queues = random.shuffle(QUEUES).slice(0, random.between(1, 4));
  }

  protected begin(session: SimSession): void {
    this.#process = this.world.nextProcess();
    this.#count = 0;
    this.#open = new Map();
    this.#next(session);
  }

  protected ended(): void {
    for (const publishing of this.#open.values()) {
      if (this.random.chance(0.5)) this.#again.push(publishing);
    }
  }

  #next(session: SimSession): void {
    this.soon(this.world.swarm.publishMeanMs, session, () => {
      const count = this.random.between(1, this.world.swarm.burstMax);
      for (let nth = 0; nth < count && this.#open.size < WINDOW; nth++) this.#publish(session);
      this.#next(session);
    });
  }

  #publish(session: SimSession): void {
    const again = this.#again.shift();
    const queue = again?.queue ?? this.random.pick(this.#queues).name;
    const isTransient = again === undefined && this.random.chance(0.05);
    const prefix = isTransient ? TRANSIENT : "";
    const name = again?.name ?? `${prefix}${this.#process}-${++this.#count}`;
    if (session.queue(queue) === undefined) return;
    const { messages } = this.world;
    const at = this.nowMs;
    const input = { message: name };
    const id = messages.invoke({ process: this.#process, kind: "enqueue", key: queue, input, at });
    const open = this.#open;
    open.set(id, { name, queue });
    const persistent = !name.startsWith(TRANSIENT);
    const body = bodyOf(name, 1 + this.random.below(this.world.swarm.bodyMax));
    session.publish(queue, body, persistent, (isOk) => {
      if (!open.delete(id)) this.world.onFault(`message ${name} was confirmed twice`);
      // A dead client hears nothing.
      if (!session.isOpen) return;
      this.world.coverage.count(isOk ? "confirmed" : "refused");
      if (isOk) messages.complete(id, { outcome: "ok", output: null, at: this.nowMs });
      else if (this.random.chance(0.5)) this.#again.push({ queue, name });
    });
  }
}

/** Delivered, and not settled yet. */
interface Delivered {
  readonly process: number;
  readonly queue: string;
  readonly received: Received;
}

/** Consumes with acknowledgements, some of them negative; cancels and consumes again at times. */
export class Consumer extends Client {
  protected readonly stayMeanMs = 6000;
  readonly #thinkMs: number;
  readonly #nackShare: number;
  #handle: ConsumerHandle | undefined;
  #held: Delivered[] = [];
  #generation = 0;

  constructor(world: ClientWorld, random: Random) {
    super(world, random);
    this.#thinkMs = random.logBetween(1, 300);
    this.#nackShare = random.pick([0, 0.02, 0.2]);
  }

  protected begin(session: SimSession): void {
    this.#held = [];
    this.#handle = undefined;
    this.#consume(session);
  }

  protected ended(): void {
    this.#held = [];
    this.#generation++;
  }

  #consume(session: SimSession): void {
    const { name } = this.random.pick(QUEUES);
    const queue = session.queue(name);
    if (queue === undefined) {
      this.soon(RETRY_MS, session, () => this.#consume(session));
      return;
    }
    const process = this.world.nextProcess();
    const generation = ++this.#generation;
    const isDetached = (): boolean => this.#generation !== generation;
    const prefetch = this.random.pick([1, 2, 10, 50]);
    session.consume(
      queue,
      { prefetch, noAck: false },
      (received) => {
        if (!session.isOpen) return;
        // A message that its publisher has sent twice comes twice: the history tells copies apart by who holds them.
        const isCopy = this.#held.some((held) => held.received.text === received.text);
        const holder = isCopy ? this.world.nextProcess() : process;
        const delivered = { process: holder, queue: name, received };
        recordDelivery(this.world, { ...delivered, consumer: process, session, isDetached });
        if (isDetached()) this.world.onFault(`a cancelled consumer of ${name} got a message`);
        this.#held.push(delivered);
        this.soon(this.#thinkMs, session, () => this.#settleSome(session));
      },
      (outcome) => {
        if (typeof outcome === "string") {
          this.world.coverage.count(`consume-${outcome}`);
          this.soon(RETRY_MS, session, () => this.#consume(session));
          return;
        }
        this.#handle = outcome;
        this.world.coverage.count("consume");
        this.#cancelSoon(session, name, outcome);
      },
    );
  }

  /** basic.cancel; what it holds is settled after it. Then it consumes again, maybe from another queue. */
  #cancelSoon(session: SimSession, name: string, handle: ConsumerHandle): void {
    this.soon(5000, session, () => {
      const queue = session.queue(name);
      if (queue === undefined || this.#handle !== handle) return;
      queue.detach(session.now, handle, () => {
        if (!session.isOpen) return;
        this.#generation++;
        this.world.coverage.count("cancel");
        while (this.#held.length > 0) this.#settleSome(session);
        this.#consume(session);
      });
    });
  }

  #settleSome(session: SimSession): void {
    const isNack = this.random.chance(this.#nackShare);
    const count = this.random.chance(0.2) ? this.random.between(1, this.#held.length) : 1;
    const settled = this.#held.splice(0, isNack ? 1 : count);
    const [first, last] = [settled[0], settled.at(-1)];
    const queue = first === undefined ? undefined : session.queue(first.queue);
    if (first?.received.handle === undefined || last === undefined || queue === undefined) return;
    for (const each of settled) {
      recordSettled(this.world, { ...each, how: isNack ? "requeue" : "ack" });
    }
    const { handle, number: from } = first.received;
    const to = last.received.number;
    if (isNack) queue.returnMessages(session.now, handle, from, to, "nack");
    else queue.settle(session.now, handle, from, to);
  }
}

/** Takes messages one by one with basic.get. */
export class Getter extends Client {
  protected readonly stayMeanMs = 4000;
  #process = 0;

  protected begin(session: SimSession): void {
    this.#process = this.world.nextProcess();
    this.#next(session);
  }

  protected ended(): void {
    // What it held is back by now.
  }

  #next(session: SimSession): void {
    this.soon(200, session, () => {
      const { name } = this.random.pick(QUEUES.filter((spec) => !spec.isSingleActive));
      const queue = session.queue(name);
      if (queue === undefined) {
        this.#next(session);
        return;
      }
      const process = this.#process;
      session.get(queue, false, (received) => {
        if (!session.isOpen) return;
        this.world.coverage.count(received === undefined ? "get-empty" : "get");
        if (received !== undefined) this.#onGot(session, process, name, received);
        this.#next(session);
      });
    });
  }

  #onGot(session: SimSession, process: number, name: string, received: Received): void {
    const delivered = { process, consumer: process, queue: name, received };
    recordDelivery(this.world, { ...delivered, session, isDetached: () => true });
    if (this.random.chance(0.1)) return;
    this.soon(50, session, () => {
      const queue = session.queue(name);
      const { handle, number } = received;
      if (queue === undefined || handle === undefined) return;
      recordSettled(this.world, { process, queue: name, received, how: "ack" });
      queue.settle(session.now, handle, number, number);
    });
  }
}

export function recordDelivery(
  world: ClientWorld,
  delivered: Delivered & {
    readonly consumer: number;
    readonly session: SimSession;
    readonly isDetached: () => boolean;
  },
): void {
  const { process, consumer, queue, received, session, isDetached } = delivered;
  const at = world.scheduler.nowMs;
  const { text: message, redelivered, deliveryCount } = received;
  const output = {
    message,
    redelivered,
    deliveryCount: deliveryCount < 0 ? null : deliveryCount,
    isAlone: world.isAlone(session.queue(queue)?.record.groupId),
    node: session.life.nodeId,
  };
  const operation = { process, kind: "dequeue", key: queue, input: null, at };
  world.messages.add(operation, { outcome: "ok", output, at });
  world.coverage.count(redelivered ? "redelivered" : "delivered");
  const mark = redelivered ? " redelivered" : "";
  const what = `process ${process} of ${queue} gets ${message}, number ${received.number}${mark}`;
  world.onDelivered({ queue, consumer, session, isDetached }, what);
}

/** Nobody confirms that it has arrived. */
export function recordSettled(
  world: ClientWorld,
  { process, queue, received, how }: Delivered & { readonly how: "ack" | "requeue" },
): void {
  const at = world.scheduler.nowMs;
  const input = { message: received.text, how };
  const outcome = how === "ack" ? "ok" : "unknown";
  world.messages.add(
    { process, kind: "settle", key: queue, input, at },
    { outcome, output: null, at },
  );
  world.coverage.count(how);
  world.onTrace(
    0,
    () => `process ${process} of ${queue}: ${how} ${received.text}, ${received.number}`,
  );
}
