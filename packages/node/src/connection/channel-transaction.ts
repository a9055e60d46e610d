import type { MessageSink } from "../broker/message-sink.ts";
import { preconditionFailed } from "../errors.ts";
import { TX_BYTES_MAX } from "../limits.ts";
import { BrokerQueue } from "../queue/broker-queue.ts";
import type { Message } from "../queue/message.ts";
import type { PublishReceipt } from "../queue/publish-receipt.ts";
import type { FlowCounts, PublishCounts } from "../statistics/traffic-counts.ts";
import type { Channel } from "./channel.ts";
import type { TakenDelivery } from "./delivery-ledger.ts";

/** A publish that waits for tx.commit, already routed (RabbitMQ routes when it is published). */
export interface TransactedPublish {
  /** Kept for the transaction. */
  readonly message: Message;
  /** undefined: an exchange holds it for later. */
  readonly sinks: readonly MessageSink[] | undefined;
  readonly mandatory: boolean;
  /** Where it is counted when it is committed. */
  readonly counts: PublishCounts;
  readonly flows: readonly FlowCounts[];
}

/** Memory of one message beside its bytes: the objects that hold it. */
const PUBLISH_OVERHEAD = 512;

type Outcome = "ack" | "requeue" | "reject";

interface TransactedAck {
  readonly deliveries: readonly TakenDelivery[];
  readonly outcome: Outcome;
}

/** What became of a publish at once, and how many queues will tell the receipt. */
interface Published {
  readonly pending: number;
  readonly isAccepted: boolean;
}

/** Gathers what has to come before a commit is answered, and whether all of it was good. */
class CommitReceipt implements PublishReceipt {
  readonly #done: (isAccepted: boolean) => void;
  #left = 1;
  #isAccepted = true;

  constructor(done: (isAccepted: boolean) => void) {
    this.#done = done;
  }

  note({ pending, isAccepted }: Published): void {
    this.#left += pending;
    if (!isAccepted) this.#isAccepted = false;
  }

  /** A queue has a message of the transaction, or refuses it: those led on another node say that later. */
  settle(_sequence: number, isAccepted: boolean): void {
    this.#end(isAccepted);
  }

  /** Calls back when all of these have stored what they were told. */
  await(queues: ReadonlySet<BrokerQueue>): void {
    this.#left += queues.size;
    for (const queue of queues) queue.whenStored((isStored) => this.#end(isStored));
    this.#end(true);
  }

  #end(isAccepted: boolean): void {
    if (this.#left === 0) return;
    if (!isAccepted) this.#isAccepted = false;
    this.#left--;
    if (this.#left === 0) this.#done(this.#isAccepted);
  }
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

  /** Publishes that wait for the commit. */
  get publishCount(): number {
    return this.#publishes.length;
  }

  /** Messages whose acknowledgement waits for it. */
  get ackCount(): number {
    return this.#acks.reduce((count, { deliveries }) => count + deliveries.length, 0);
  }

  /** @throws ChannelError 406 when the transaction outgrows what memory may hold */
  addPublish(publish: TransactedPublish): void {
    const { message } = publish;
    const size = message.storedSize + PUBLISH_OVERHEAD;
    if (this.#bytes + size > TX_BYTES_MAX) {
      throw preconditionFailed(`transaction exceeds ${TX_BYTES_MAX} bytes`);
    }
    this.#bytes += size;
    this.#publishes.push({ ...publish, message: message.keep() });
  }

  /** The deliveries are taken out of the ledger already. */
  addAck(deliveries: readonly TakenDelivery[], outcome: Outcome): void {
    this.#acks.push({ deliveries, outcome });
  }

  /**
   * Publishes, then acks, in order (RabbitMQ). Calls `done` when all of it is stored as its queues promise, with whether all
   * was accepted, and could be stored.
   */
  commit(
    publish: (publish: TransactedPublish, receipt: PublishReceipt) => Published,
    done: (isAccepted: boolean) => void,
  ): void {
    const publishes = this.#publishes;
    const acks = this.#acks;
    this.#clear();
    const queues = new Set<BrokerQueue>();
    const receipt = new CommitReceipt(done);
    for (const transacted of publishes) {
      receipt.note(publish(transacted, receipt));
      transacted.message.release();
      for (const sink of transacted.sinks ?? []) if (sink instanceof BrokerQueue) queues.add(sink);
    }
    for (const ack of acks) {
      this.#carryOut(ack);
      for (const { consumer } of ack.deliveries) queues.add(consumer.queue);
    }
    receipt.await(queues);
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
      if (outcome === "ack") {
        consumer.counts.ack++;
        queue.settle(now, handle, deliveryNumber, deliveryNumber);
      } else if (outcome === "reject") queue.discard(now, handle, deliveryNumber, deliveryNumber);
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
