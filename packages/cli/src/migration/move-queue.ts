import type {
  ChannelModel,
  ConfirmChannel,
  ConsumeMessage,
  Channel as PlainChannel,
} from "amqplib";
import { type Removed, republished } from "./republished.ts";

/** Messages between the two brokers at a time: taken from one, not confirmed by the other. */
const IN_FLIGHT_MAX = 500;

/** The queue says it has messages, and none comes: looked at so often, so long apart. */
const STALLS_MAX = 10;
const STALL_MS = 1000;

/** Where messages go, and as whom they are published. */
export interface Destination {
  readonly connection: ChannelModel;
  readonly user: string;
  /** Has the tag impersonator: may publish in the name of others. */
  readonly keepsUserId: boolean;
}

export interface MovedQueue {
  readonly moved: number;
  readonly removed: Readonly<Record<Removed, number>>;
}

/** A message that could not be moved; it, and what came after it, is still in the old broker's queue. */
export class MoveError extends Error {
  override readonly name = "MoveError";
}

/**
 * Moves all messages of a queue to the queue of the same name, in their order. Each is acknowledged to the old broker when the new
 * one has confirmed it: if either goes away in between, none is lost, and at most IN_FLIGHT_MAX are in both. Ends when the queue is
 * empty; undefined: the old broker has no such queue. @throws MoveError
 */
export async function moveQueue(
  queue: string,
  source: ChannelModel,
  destination: Destination,
): Promise<MovedQueue | undefined> {
  const from = await source.createChannel();
  // A refusal closes the channel, and is the answer of the call as well.
  from.on("error", () => undefined);
  if (!(await hasQueue(from, queue))) return undefined;
  const to = await destination.connection.createConfirmChannel();
  to.on("error", () => undefined);
  try {
    return await new QueueMove(queue, from, to, destination).run();
  } finally {
    await closeQuietly(from);
    await closeQuietly(to);
  }
}

async function hasQueue(channel: PlainChannel, queue: string): Promise<boolean> {
  try {
    await channel.checkQueue(queue);
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === 404;
}

class QueueMove {
  readonly #queue: string;
  readonly #from: PlainChannel;
  readonly #to: ConfirmChannel;
  readonly #destination: Destination;
  readonly #removed: Record<Removed, number> = { CC: 0, user_id: 0 };
  #moved = 0;
  #inFlight = 0;
  #returned = 0;
  #stalls = 0;
  /** Why no more are taken. */
  #refusal: string | undefined;
  #isAsking = false;
  #isOver = false;
  #finish: (failure?: Error) => void = () => undefined;

  constructor(queue: string, from: PlainChannel, to: ConfirmChannel, destination: Destination) {
    this.#queue = queue;
    this.#from = from;
    this.#to = to;
    this.#destination = destination;
  }

  async run(): Promise<MovedQueue> {
    const over = new Promise<void>((resolve, reject) => {
      this.#finish = (failure) => {
        this.#isOver = true;
        if (failure === undefined) resolve();
        else reject(failure);
      };
    });
    over.catch(() => undefined); // It may fail before it is waited for.
    const gone = (): void => this.#fail("the connection or channel was closed");
    this.#from.once("close", gone);
    this.#to.once("close", gone);
    // A mandatory message that went nowhere: it comes back before it is confirmed.
    this.#to.on("return", () => this.#returned++);
    await this.#from.prefetch(IN_FLIGHT_MAX);
    const { consumerTag } = await this.#from.consume(this.#queue, (message) => this.#take(message));
    this.#lookForEnd();
    try {
      await over;
    } finally {
      this.#from.off("close", gone);
      this.#to.off("close", gone);
    }
    // Its answer comes after the old broker has had all acknowledgements.
    await this.#from.cancel(consumerTag);
    return { moved: this.#moved, removed: this.#removed };
  }

  #take(message: ConsumeMessage | null): void {
    if (this.#isOver || this.#refusal !== undefined) return;
    if (message === null) {
      this.#fail("its consumer was cancelled");
      return;
    }
    this.#inFlight++;
    this.#stalls = 0;
    const { options, removed } = republished(message, this.#destination);
    for (const name of removed) this.#removed[name]++;
    const returnedBefore = this.#returned;
    this.#to.publish("", this.#queue, message.content, options, (error: unknown) => {
      this.#settled(message, error, returnedBefore);
    });
  }

  #settled(message: ConsumeMessage, error: unknown, returnedBefore: number): void {
    if (this.#isOver) return;
    this.#inFlight--;
    if (error !== null && error !== undefined) {
      this.#refusal ??= "the new broker did not take a message";
    } else if (this.#returned > returnedBefore) {
      this.#refusal ??= "the new broker has no such queue";
    } else {
      this.#from.ack(message);
      this.#moved++;
    }
    this.#lookForEnd();
  }

  /** All that was delivered is moved: if nothing is left, that was it. */
  #lookForEnd(): void {
    if (this.#inFlight > 0 || this.#isAsking || this.#isOver) return;
    if (this.#refusal !== undefined) {
      // What was taken is settled, so that it does not come twice when this is tried again.
      this.#fail(this.#refusal);
      return;
    }
    this.#isAsking = true;
    this.#from.checkQueue(this.#queue).then(
      ({ messageCount }) => {
        this.#isAsking = false;
        if (this.#isOver || this.#inFlight > 0) return;
        if (messageCount === 0) this.#finish();
        else this.#lookAgain();
      },
      () => this.#fail("the old broker does not say how many are left"),
    );
  }

  #lookAgain(): void {
    this.#stalls++;
    if (this.#stalls > STALLS_MAX)
      this.#fail(
        "it has messages that are not delivered; another consumer may be its only active one",
      );
    else setTimeout(() => this.#lookForEnd(), STALL_MS);
  }

  #fail(why: string): void {
    if (this.#isOver) return;
    this.#finish(new MoveError(`queue '${this.#queue}', after ${this.#moved} messages: ${why}`));
  }
}

async function closeQuietly(channel: PlainChannel): Promise<void> {
  try {
    await channel.close();
  } catch {
    // It is closed.
  }
}
