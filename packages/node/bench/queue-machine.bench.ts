import { bench, describe } from "vitest";
import type { Consumer } from "../src/queue/consumer.ts";
import type { MachineMessage, QueueEffects } from "../src/queue/queue-effects.ts";
import { QueueMachine } from "../src/queue/queue-machine.ts";
import { CLASSIC } from "../test/queue/machine-rig.ts";

/** Messages per measured call: one call has to be long against the clock's resolution. */
const BATCH = 10_000;

class BenchMessage implements MachineMessage {
  readonly bodySize = 16;
  readonly priority = 0;
  readonly expirationMs = -1;
  readonly ref = 0;
  readonly expiresAtMs = -1;
  readonly isLoaded = true;
  keep(): this {
    return this;
  }
  release(): void {
    // Nothing is counted: the machine alone is measured.
  }
}

/** A driver that does the least: it counts, and resumes when told to. */
class CountingDriver implements QueueEffects<BenchMessage, number> {
  delivered = 0;
  isResumeDue = false;
  deliver(): void {
    this.delivered++;
  }
  moreToDeliver(): void {
    this.isResumeDue = true;
  }
  deadLetter(): void {
    throw new Error("nothing is dead-lettered here");
  }
  armTimer(): void {
    throw new Error("nothing expires here");
  }
  creditWanted(): void {
    throw new Error("no consumer needs a credit here");
  }
  creditUnused(): void {
    throw new Error("no consumer needs a credit here");
  }
  consumerActivated(): void {
    throw new Error("no single active consumer here");
  }
  queueUnused(): void {
    throw new Error("nothing is auto-deleted here");
  }
  queueExpired(): void {
    throw new Error("nothing expires here");
  }
}

const message = new BenchMessage();

class Bench {
  readonly driver = new CountingDriver();
  readonly machine = new QueueMachine<BenchMessage, number>(CLASSIC, this.driver, 0);

  consume(noAck: boolean): Consumer<BenchMessage, number> {
    const consumer = this.machine.attach(0, {
      context: 0,
      sessionId: 1,
      noAck,
      exclusive: false,
      prefetch: 0,
      priority: 0,
      needsCredit: false,
    });
    if (consumer === "exclusive-use") throw new Error("refused");
    this.machine.start(0, consumer);
    return consumer;
  }

  publishBatch(): void {
    for (let i = 0; i < BATCH; i++) this.machine.enqueue(0, message);
  }

  drain(): void {
    while (this.driver.isResumeDue) {
      this.driver.isResumeDue = false;
      this.machine.resume(0);
    }
  }
}

describe(`queue machine, ${BATCH} messages per call`, () => {
  const direct = new Bench();
  direct.consume(true);
  bench("empty queue, no-ack consumer: direct hand-over", () => {
    direct.publishBatch();
  });

  const acked = new Bench();
  const ackedConsumer = acked.consume(false);
  bench("empty queue, each message acked singly", () => {
    for (let i = 0; i < BATCH; i++) {
      acked.machine.enqueue(0, message);
      const number = ackedConsumer.deliveryNumber;
      acked.machine.settle(0, ackedConsumer, number, number);
    }
  });

  const multiple = new Bench();
  const multipleConsumer = multiple.consume(false);
  bench("empty queue, acked by hundreds", () => {
    for (let i = 0; i < BATCH; i += 100) {
      for (let j = 0; j < 100; j++) multiple.machine.enqueue(0, message);
      multiple.machine.settle(0, multipleConsumer, 1, multipleConsumer.deliveryNumber);
    }
  });

  const stored = new Bench();
  const storedConsumer = stored.consume(true);
  bench("stored, then delivered to a no-ack consumer", () => {
    stored.machine.pause(0, storedConsumer);
    stored.publishBatch();
    stored.machine.unpause(0, storedConsumer);
    stored.drain();
  });

  const returned = new Bench();
  bench("stored, delivered, returned by a closed session, purged", () => {
    returned.publishBatch();
    returned.consume(false);
    returned.drain();
    returned.machine.closeSession(0, 1);
    returned.machine.purge(0);
  });
});
