import type { MessageSink } from "../broker/message-sink.ts";
import { preconditionFailed } from "../errors.ts";
import { TX_BYTES_MAX } from "../limits.ts";
import { BrokerQueue } from "../queue/broker-queue.ts";
import type { Message } from "../queue/message.ts";
import type { Channel } from "./channel.ts";
import type { TakenDelivery } from "./delivery-ledger.ts";

/** A publish that waits for tx.commit, already routed (RabbitMQ routes when it is published). */
export interface TransactedPublish {
  /** Kept for the transaction. */
  readonly message: Message;
  readonly sinks: readonly MessageSink[];
  readonly mandatory: boolean;
}

/** Memory of one message beside its bytes: the objects that hold it. */
const PUBLISH_OVERHEAD = 512;

type Outcome = "ack" | "requeue" | "reject";

interface TransactedAck {
  readonly deliveries: readonly TakenDelivery[];
  readonly outcome: Outcome;
}

/** What a tx channel has gathered since tx.select or the last commit or rollback. */
export class ChannelTransaction {
  readonly #channel: Channel;
  #publishes: TransactedPublish[] = [];
  #acks: TransactedAck[] = [];
  #bytes = 0;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** @throws ChannelError 406 when the transaction outgrows what memory may hold */
  addPublish(message: Message, sinks: readonly MessageSink[], mandatory: boolean): void {
    const size = message.storedSize + PUBLISH_OVERHEAD;
    if (this.#bytes + size > TX_BYTES_MAX) {
      throw preconditionFailed(`transaction exceeds ${TX_BYTES_MAX} bytes`);
    }
    this.#bytes += size;
    this.#publishes.push({ message: message.keep(), sinks, mandatory });
  }

  /** The deliveries are taken out of the ledger already. */
  addAck(deliveries: readonly TakenDelivery[], outcome: Outcome): void {
    this.#acks.push({ deliveries, outcome });
  }

  /**
   * Publishes, then acks, in order (RabbitMQ). `publish` says whether a message was accepted everywhere. Calls `done` when
   * all of it is stored as its queues promise, with whether all was accepted, and could be stored.
   */
  commit(
    publish: (publish: TransactedPublish) => boolean,
    done: (isAccepted: boolean) => void,
  ): void {
    const publishes = this.#publishes;
    const acks = this.#acks;
    this.#clear();
    const queues = new Set<BrokerQueue>();
    let isAccepted = true;
    for (const transacted of publishes) {
      isAccepted = publish(transacted) && isAccepted;
      transacted.message.release();
      for (const sink of transacted.sinks) if (sink instanceof BrokerQueue) queues.add(sink);
    }
    for (const ack of acks) {
      this.#carryOut(ack);
      for (const { consumer } of ack.deliveries) queues.add(consumer.queue);
    }
    whenAllStored(queues, (areStored) => done(isAccepted && areStored));
  }

  /** Forgets publishes; deliveries are outstanding again, and are not redelivered (RabbitMQ). */
  rollback(): void {
    const publishes = this.#publishes;
    const acks = this.#acks;
    this.#clear();
    for (const { message } of publishes) message.release();
    const taken = acks.flatMap((ack) => ack.deliveries);
    if (taken.length > 0) this.#channel.ledger.restore(taken);
  }

  #carryOut({ deliveries, outcome }: TransactedAck): void {
    const now = this.#channel.broker.clock.now();
    for (const { consumer, deliveryNumber } of deliveries) {
      if (consumer.handle === undefined) continue;
      const { queue, handle } = consumer;
      if (outcome === "ack") queue.settle(now, handle, deliveryNumber, deliveryNumber);
      else if (outcome === "reject") queue.discard(now, handle, deliveryNumber, deliveryNumber);
      else queue.returnMessages(now, handle, deliveryNumber, deliveryNumber, "nack");
      this.#channel.globalPrefetch.settled(consumer, 1);
    }
  }

  #clear(): void {
    this.#publishes = [];
    this.#acks = [];
    this.#bytes = 0;
  }
}

function whenAllStored(queues: ReadonlySet<BrokerQueue>, done: (areStored: boolean) => void): void {
  let left = queues.size + 1;
  let areStored = true;
  const onStored = (isStored: boolean): void => {
    areStored &&= isStored;
    left--;
    if (left === 0) done(areStored);
  };
  for (const queue of queues) queue.whenStored(onStored);
  onStored(true);
}
