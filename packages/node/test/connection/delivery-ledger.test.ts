import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ChannelConsumer } from "../../src/connection/channel-consumer.ts";
import { DeliveryLedger, type TakenDelivery } from "../../src/connection/delivery-ledger.ts";
import { ledgerConsumer } from "./ledger-consumer.ts";

/** `consumer:number` of each delivery that was settled, in no particular order. */
class Settled {
  readonly ranges: string[] = [];
  readonly all: string[] = [];

  readonly on = (consumer: ChannelConsumer, from: number, to: number): void => {
    this.ranges.push(`${consumer.tag} ${from}-${to}`);
    for (let number = from; number <= to; number++) this.all.push(`${consumer.tag}:${number}`);
  };
}

interface Delivery {
  readonly tag: number;
  readonly consumer: number;
  readonly number: number;
  readonly at: number;
}

type Step =
  | { readonly type: "deliver"; readonly consumer: number; readonly count: number }
  | {
      readonly type: "settle" | "take";
      readonly tag: number;
      readonly multiple: boolean;
    }
  | { readonly type: "restore" | "forget" | "clear" };

/** The same as the ledger, as a list. */
class NaiveLedger {
  deliveries: Delivery[] = [];
  taken: Delivery[] = [];

  /** undefined: refused. */
  remove(tag: number, multiple: boolean): Delivery[] | undefined {
    const { deliveries } = this;
    if (multiple && tag === 0) {
      this.deliveries = [];
      return deliveries;
    }
    if (!deliveries.some((each) => each.tag === tag)) return undefined;
    const isOut = (each: Delivery): boolean => (multiple ? each.tag <= tag : each.tag === tag);
    this.deliveries = deliveries.filter((each) => !isOut(each));
    return deliveries.filter(isOut);
  }
}

/** Plays steps on both and compares. */
class Comparison {
  readonly #ledger = new DeliveryLedger();
  readonly #naive = new NaiveLedger();
  readonly #consumers = [ledgerConsumer("a"), ledgerConsumer("b"), ledgerConsumer("c")] as const;
  readonly #numbers = [0, 0, 0];
  #lastTag = 0;
  #taken: TakenDelivery[] = [];

  play(step: Step): void {
    if (step.type === "deliver") this.#deliver(step.consumer, step.count);
    else if (step.type === "settle") this.#settle(this.#tagOf(step.tag), step.multiple);
    else if (step.type === "take") this.#take(this.#tagOf(step.tag), step.multiple);
    else this.#endTransaction(step.type);
    const [oldest] = this.#naive.deliveries;
    expect(this.#ledger.size).toBe(this.#naive.deliveries.length);
    expect(this.#ledger.oldestDeliveredAtMs).toBe(oldest?.at);
  }

  /** Mostly a tag that was given out, sometimes 0 or one that was not. */
  #tagOf(choice: number): number {
    return choice % (this.#lastTag + 2);
  }

  #deliver(consumer: number, count: number): void {
    for (let index = 0; index < count; index++) {
      const tag = ++this.#lastTag;
      const number = (this.#numbers[consumer] ?? 0) + 1;
      this.#numbers[consumer] = number;
      const at = 1000 + tag;
      this.#ledger.push(tag, this.#consumers[consumer as 0 | 1 | 2], number, at); // 0, 1 or 2.
      this.#naive.deliveries.push({ tag, consumer, number, at });
    }
  }

  #settle(tag: number, multiple: boolean): void {
    const settled = new Settled();
    const accepted = multiple
      ? this.#ledger.settleUpTo(tag, settled.on)
      : this.#ledger.settleOne(tag, settled.on);
    const expected = this.#naive.remove(tag, multiple);
    expect(accepted).toBe(expected !== undefined);
    expect(settled.all.sort()).toEqual((expected ?? []).map(nameOf).sort());
  }

  #take(tag: number, multiple: boolean): void {
    const taken = this.#ledger.take(tag, multiple);
    const expected = this.#naive.remove(tag, multiple);
    expect(taken?.map(plain)).toEqual(expected);
    this.#taken.push(...(taken ?? []));
    this.#naive.taken.push(...(expected ?? []));
  }

  #endTransaction(how: "restore" | "forget" | "clear"): void {
    const naive = this.#naive;
    if (how === "clear") {
      expect(this.#ledger.clear()).toBe(naive.deliveries.length);
      naive.deliveries = [];
    }
    if (how === "restore") {
      this.#ledger.restore(this.#taken);
      naive.deliveries.push(...naive.taken);
      naive.deliveries.sort((left, right) => left.tag - right.tag);
    }
    this.#taken = [];
    naive.taken = [];
  }
}

function nameOf({ consumer, number }: Delivery): string {
  return `${"abc"[consumer]}:${number}`;
}

function plain({ tag, consumer, deliveryNumber, deliveredAtMs }: TakenDelivery): Delivery {
  return { tag, consumer: "abc".indexOf(consumer.tag), number: deliveryNumber, at: deliveredAtMs };
}

describe("DeliveryLedger", () => {
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        type: fc.constant("deliver" as const),
        consumer: fc.integer({ min: 0, max: 2 }),
        count: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 60 })),
      }),
    },
    {
      weight: 8,
      arbitrary: fc.record({
        type: fc.constantFrom("settle" as const, "settle" as const, "take" as const),
        tag: fc.nat(),
        multiple: fc.boolean(),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constantFrom("restore" as const, "forget" as const, "clear" as const),
      }),
    },
  );

  test("does what a list of deliveries does, whatever is settled, taken and restored", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const comparison = new Comparison();
        for (const each of steps) comparison.play(each);
      }),
      { numRuns: 400 },
    );
  });

  test("joins a consumer's deliveries into one range, however consumers alternate", () => {
    const ledger = new DeliveryLedger();
    const [a, b] = [ledgerConsumer("a"), ledgerConsumer("b")];
    for (let number = 1; number <= 3; number++) {
      ledger.push(number * 2 - 1, a, number, 0);
      ledger.push(number * 2, b, number, 0);
    }
    const settled = new Settled();
    expect(ledger.settleUpTo(5, settled.on)).toBe(true);
    expect(settled.ranges).toEqual(["a 1-3", "b 1-2"]);
  });

  test("breaks a range where one delivery was settled before", () => {
    const ledger = new DeliveryLedger();
    const a = ledgerConsumer("a");
    for (let tag = 1; tag <= 5; tag++) ledger.push(tag, a, tag, 0);
    const settled = new Settled();
    ledger.settleOne(3, settled.on);
    ledger.settleUpTo(0, settled.on);
    expect(settled.ranges).toEqual(["a 3-3", "a 1-2", "a 4-5"]);
  });

  test("refuses a tag that was settled, was never given out, or is 0 without multiple", () => {
    const ledger = new DeliveryLedger();
    const settled = new Settled();
    ledger.push(1, ledgerConsumer("a"), 1, 0);
    ledger.push(2, ledgerConsumer("a"), 2, 0);
    ledger.settleOne(1, settled.on);
    for (const tag of [0, 1, 3]) expect(ledger.settleOne(tag, settled.on)).toBe(false);
    for (const tag of [1, 3]) expect(ledger.settleUpTo(tag, settled.on)).toBe(false);
    for (const tag of [1, 3]) expect(ledger.take(tag, true)).toBeUndefined();
    expect(ledger.take(0, false)).toBeUndefined();
    expect(ledger.size).toBe(1);
  });

  test("accepts 0 with multiple when nothing is outstanding (RabbitMQ: no error)", () => {
    const ledger = new DeliveryLedger();
    expect(ledger.settleUpTo(0, () => undefined)).toBe(true);
    expect(ledger.take(0, true)).toEqual([]);
  });

  test("does not grow while a single old delivery stays and thousands pass by", () => {
    const ledger = new DeliveryLedger();
    const a = ledgerConsumer("a");
    const settled = new Settled();
    ledger.push(1, a, 1, 7);
    for (let tag = 2; tag < 20_000; tag++) {
      ledger.push(tag, a, tag, 8);
      expect(ledger.settleOne(tag, settled.on)).toBe(true);
    }
    expect(ledger.size).toBe(1);
    expect(ledger.oldestDeliveredAtMs).toBe(7);
    expect(ledger.settleOne(1, settled.on)).toBe(true);
  });
});
