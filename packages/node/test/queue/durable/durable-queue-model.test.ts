import fc from "fast-check";
import { expect, test } from "vitest";
import type { QueueConsumer } from "../../../src/queue/live-queue.ts";
import { DurableRig, Outlet, session } from "./durable-rig.ts";

type QueueStep =
  | { readonly kind: "publish"; readonly count: number; readonly priority: number }
  | { readonly kind: "transient" }
  | { readonly kind: "turn" }
  | { readonly kind: "sync" }
  | { readonly kind: "busy"; readonly isBusy: boolean }
  | { readonly kind: "restart"; readonly losesUnsynced: boolean };

type ConsumerStep =
  | { readonly kind: "consume"; readonly prefetch: number; readonly noAck: boolean }
  | { readonly kind: "ack"; readonly count: number }
  | { readonly kind: "requeue"; readonly count: number }
  | { readonly kind: "get" }
  | { readonly kind: "purge" }
  | { readonly kind: "drop consumer" };

type Step = QueueStep | ConsumerStep;

const CONSUMER_STEPS: ReadonlySet<Step["kind"]> = new Set<ConsumerStep["kind"]>([
  "consume",
  "ack",
  "requeue",
  "get",
  "purge",
  "drop consumer",
]);

function isConsumerStep(each: Step): each is ConsumerStep {
  return CONSUMER_STEPS.has(each.kind);
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("publish" as const),
      count: fc.integer({ min: 1, max: 20 }),
      priority: fc.integer({ min: 0, max: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: "transient" as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("consume" as const),
      prefetch: fc.integer({ min: 0, max: 5 }),
      noAck: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("ack" as const),
      count: fc.integer({ min: 1, max: 10 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("requeue" as const),
      count: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "get" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "purge" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "drop consumer" as const }) },
  { weight: 8, arbitrary: fc.constant({ kind: "turn" as const }) },
  { weight: 4, arbitrary: fc.constant({ kind: "sync" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("busy" as const), isBusy: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("restart" as const), losesUnsynced: fc.boolean() }),
  },
);

/** Bodies are `p<sequence>` or `t<sequence>`; what happened to each is followed from outside. */
class History {
  readonly rig: DurableRig;
  /** Persistent messages published, by sequence, with whether the queue may forget them. */
  readonly published = new Set<string>();
  /** Handed out, and whether it was with the redelivered flag that it had to have. */
  readonly delivered = new Set<string>();
  /** Acked, taken without ack or purged. */
  readonly gone = new Set<string>();
  #sequence = 0;
  #outlet: Outlet | undefined;
  #consumer: QueueConsumer | undefined;
  #noAck = false;
  #seen = 0;
  /** Unacked, the oldest first: delivery number and body. */
  #held: { readonly number: number; readonly body: string }[] = [];

  readonly #hasOrder: boolean;

  constructor(maxPriority: number | undefined) {
    this.#hasOrder = maxPriority === undefined;
    this.rig = new DurableRig({ maxPriority });
  }

  run(each: Step): void {
    if (isConsumerStep(each)) this.#runConsumerStep(each);
    else this.#runQueueStep(each);
    this.#look();
  }

  #runQueueStep(each: QueueStep): void {
    const { rig } = this;
    switch (each.kind) {
      case "publish":
        for (let count = 0; count < each.count; count++) this.#publish("p", each.priority);
        break;
      case "transient":
        this.#publish("t", 0);
        break;
      case "turn":
        rig.turn();
        rig.queue.resume();
        break;
      case "sync":
        rig.group.sync();
        break;
      case "busy":
        rig.group.isBusy = each.isBusy;
        break;
      case "restart":
        this.#restart(each.losesUnsynced);
        break;
      default:
        each satisfies never;
    }
  }

  #runConsumerStep(each: ConsumerStep): void {
    switch (each.kind) {
      case "consume":
        if (this.#consumer === undefined) this.#consume(each.prefetch, each.noAck);
        break;
      case "ack":
        this.#ack(each.count);
        break;
      case "requeue":
        this.#requeue(each.count);
        break;
      case "get":
        this.#get();
        break;
      case "purge":
        // Whatever is not held may be gone now.
        for (const body of this.published) if (!this.#isHeld(body)) this.gone.add(body);
        this.rig.queue.purge(this.rig.now);
        break;
      case "drop consumer":
        this.#dropConsumer();
        break;
      default:
        each satisfies never;
    }
  }

  #consume(prefetch: number, noAck: boolean): void {
    this.#outlet = new Outlet();
    this.#seen = 0;
    this.#noAck = noAck;
    this.#consumer = this.rig.consume(this.#outlet, { prefetch, noAck });
  }

  #ack(count: number): void {
    const { rig } = this;
    for (const { number, body } of this.#held.splice(0, count)) {
      if (this.#consumer !== undefined) rig.queue.settle(rig.now, this.#consumer, number, number);
      this.gone.add(body);
    }
  }

  #requeue(count: number): void {
    const { rig } = this;
    for (const { number } of this.#held.splice(0, count)) {
      if (this.#consumer === undefined) continue;
      rig.queue.returnMessages(rig.now, this.#consumer, number, number, "nack");
    }
  }

  #get(): void {
    this.rig.queue.get(this.rig.now, session(2), true, (result) => {
      if (result === undefined) return;
      const body = result.message.copyBody().toString();
      this.delivered.add(body);
      this.gone.add(body);
      result.message.release();
    });
  }

  /** Everything that was confirmed and has not left comes, and nothing twice. */
  finish(): void {
    const { rig } = this;
    rig.group.isBusy = false;
    this.#dropConsumer();
    rig.settleDown();
    const confirmed = new Set(rig.stored.map((sequence) => `p${sequence}`));
    const outlet = new Outlet();
    rig.consume(outlet, { noAck: true });
    rig.settleDown();
    const drained = outlet.lines.map((line) => line.split(" ")[1] ?? "");
    expect(new Set(drained).size).toBe(drained.length);
    if (this.#hasOrder) {
      // What came back went to its original place.
      const sequences = drained.map((body) => Number(body.slice(1)));
      expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
    }
    for (const body of confirmed) {
      if (!this.gone.has(body)) expect(drained).toContain(body);
    }
    for (const line of outlet.lines) {
      const [, body, again] = line.split(" ");
      if (body?.startsWith("p") && this.delivered.has(body) && !this.gone.has(body)) {
        expect(`${body} ${again}`).toBe(`${body} again`);
      }
    }
    expect(rig.queue.readyCount).toBe(0);
    expect(rig.group.log.count).toBe(0);
    expect(rig.host.errors).toEqual([]);
  }

  #publish(kind: "p" | "t", priority: number): void {
    this.#sequence++;
    const body = `${kind}${this.#sequence}`;
    this.published.add(body);
    this.rig.publish(body, { isTransient: kind === "t", priority });
  }

  /** Reads what the consumer got since the last look. */
  #look(): void {
    const lines = this.#outlet?.lines ?? [];
    for (const line of lines.slice(this.#seen)) {
      const [number, body] = line.split(" ");
      if (body === undefined) continue;
      this.delivered.add(body);
      if (this.#noAck) this.gone.add(body);
      else this.#held.push({ number: Number(number), body });
    }
    this.#seen = lines.length;
  }

  #isHeld(body: string): boolean {
    return this.#held.some((held) => held.body === body);
  }

  #dropConsumer(): void {
    if (this.#consumer === undefined) return;
    this.rig.queue.closeSession(this.rig.now, 1);
    this.#look();
    this.#forgetConsumer();
  }

  #forgetConsumer(): void {
    this.#consumer = undefined;
    this.#outlet = undefined;
    this.#held = [];
    this.#seen = 0;
  }

  /** What was handed out in the last moments may come again unmarked, and acks of that time may not have counted. */
  #restart(losesUnsynced: boolean): void {
    this.#look();
    this.#forgetConsumer();
    this.rig.restart(losesUnsynced);
    this.delivered.clear();
  }
}

test("a durable queue loses nothing that is confirmed, whatever happens to it", () => {
  const steps = fc.array(step, { minLength: 30, maxLength: 150, size: "max" });
  const priorities = fc.constantFrom(undefined, 2);
  fc.assert(
    fc.property(steps, priorities, (all, maxPriority) => {
      const history = new History(maxPriority);
      for (const each of all) history.run(each);
      history.finish();
    }),
    { numRuns: 400 },
  );
}, 60_000);
