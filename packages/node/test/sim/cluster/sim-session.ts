import type { Broker } from "../../../src/broker/broker.ts";
import type {
  BrokerQueue,
  ConsumeRefusal,
  ConsumerHandle,
  ConsumerOutlet,
} from "../../../src/queue/broker-queue.ts";
import { type Message, messageRouting } from "../../../src/queue/message.ts";
import { type BrokerLife, VHOST } from "./broker-life.ts";

/** A message as a client gets it. */
export interface Received {
  readonly text: string;
  readonly number: number;
  readonly redelivered: boolean;
  readonly deliveryCount: number;
  /** Whose it is, for `settle` and `giveBack`; undefined: it need not be settled. */
  readonly handle: ConsumerHandle | undefined;
}

const NO_PROPERTIES = Buffer.from([0, 0]);

/** A channel of a client of one life of a node: what a Channel does for AMQP, without the frames. */
export class SimSession {
  readonly life: BrokerLife;
  readonly sessionId: number;
  isReleased = false;
  readonly #broker: Broker;
  readonly #queues = new Set<BrokerQueue>();

  constructor(life: BrokerLife, broker: Broker) {
    this.life = life;
    this.#broker = broker;
    this.sessionId = broker.nextSessionId();
  }

  /** Neither closed, nor is its node gone. */
  get isOpen(): boolean {
    return !this.isReleased && this.life.isServing;
  }

  get now(): number {
    return this.#broker.clock.now();
  }

  queue(name: string): BrokerQueue | undefined {
    return this.#broker.vhosts.get(VHOST)?.queues.get(name);
  }

  /**
   * Publishes to a queue by the default exchange. false: it is not there, and nothing happens. `done` gets the confirm, if there is one:
   * within the call, later, or never.
   */
  publish(name: string, body: Buffer, persistent: boolean, done: (isOk: boolean) => void): boolean {
    const queue = this.queue(name);
    if (queue === undefined) return false;
    const view = this.#viewOf(name, body, persistent);
    const receipt = { settle: (_: number, isAccepted: boolean): void => done(isAccepted) };
    const outcome = queue.publish(this.now, view, receipt, 1);
    if (outcome !== "pending") done(outcome);
    // The socket's chunk is used again.
    body.fill(0xdd);
    view.bytes.fill(0xdd);
    return true;
  }

  consume(
    queue: BrokerQueue,
    options: { readonly prefetch: number; readonly noAck: boolean },
    onMessage: (received: Received) => void,
    done: (outcome: ConsumerHandle | ConsumeRefusal) => void,
  ): void {
    this.#queues.add(queue);
    let handle: ConsumerHandle | undefined;
    const context: ConsumerOutlet = {
      isCongested: false,
      deliver: (number, message, redelivered, deliveryCount) => {
        const text = textOf(message);
        onMessage({ text, number, redelivered, deliveryCount, handle });
      },
      paused: () => undefined,
      creditWanted: () => undefined,
      creditUnused: () => undefined,
      queueDeleted: () => undefined,
    };
    const { sessionId, now } = this;
    const spec = { context, sessionId, exclusive: false, priority: 0, needsCredit: false };
    queue.consume(now, { ...spec, ...options }, (outcome) => {
      if (typeof outcome === "string") {
        done(outcome);
        return;
      }
      handle = outcome;
      // A channel that has ended hears of nothing; the queue was told when it ended.
      if (this.isReleased) return;
      done(outcome);
      queue.start(this.now, outcome);
    });
  }

  get(queue: BrokerQueue, noAck: boolean, done: (received: Received | undefined) => void): void {
    this.#queues.add(queue);
    queue.get(this.now, this, noAck, (found) => {
      if (found === undefined) {
        done(undefined);
        return;
      }
      const { message, redelivered, deliveryCount, deliveryNumber: number, consumer } = found;
      const text = textOf(message);
      done({ text, number, redelivered, deliveryCount, handle: consumer });
      if (consumer === undefined) message.release();
    });
  }

  /** Runs inside the node, if the session is still open. */
  run(call: () => void): void {
    this.life.process.run(() => {
      if (this.isOpen) call();
    });
  }

  /** What it holds goes back. Called inside the node. */
  close(): void {
    if (this.isReleased) return;
    this.isReleased = true;
    for (const queue of this.#queues) queue.closeSession(this.now, this.sessionId);
  }

  #viewOf(name: string, body: Buffer, persistent: boolean): Message {
    const { publishView: view } = this.#broker;
    view.forgetStored();
    view.routing = messageRouting("", name);
    view.replaceProperties(Buffer.from(NO_PROPERTIES));
    view.bodySource = body;
    view.bodyStart = 0;
    view.bodySize = body.length;
    view.priority = 0;
    view.expirationMs = -1;
    view.persistent = persistent;
    return view;
  }
}

/** The name of the message is before the first dot of its body. */
function textOf(message: Message): string {
  const body = message.copyBody().toString("latin1");
  const end = body.indexOf(".");
  return end === -1 ? `damaged body (${body.length} octets)` : body.slice(0, end);
}

/** A body that names the message. */
export function bodyOf(name: string, size: number): Buffer {
  return Buffer.from(name.concat(".").padEnd(size, "x"), "latin1");
}
