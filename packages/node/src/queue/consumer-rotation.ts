import type { Consumer, PriorityTurn } from "./consumer.ts";
import type { MachineMessage } from "./queue-effects.ts";

/**
 * Whose turn it is: the highest priority first, round robin among equals (RabbitMQ: rabbit_queue_consumers).
 * As there, one that cannot receive leaves the rotation only when its turn comes, and joins again at the end.
 */
export class ConsumerRotation<M extends MachineMessage, C> {
  /** Priorities with at least one consumer in the rotation, highest first. */
  readonly #turns: PriorityTurn<M, C>[] = [];

  /** The consumer to serve next; undefined: none can receive. Does not move it: see `rotate`. */
  next(): Consumer<M, C> | undefined {
    for (;;) {
      const head = this.#turns[0]?.head;
      if (head === undefined || head.canReceive) return head;
      this.leave(head);
    }
  }

  /** The consumer has got a message: the others of its priority come first now. */
  rotate(consumer: Consumer<M, C>): void {
    const turn = consumer.turn;
    if (turn === undefined || turn.tail === consumer) return;
    this.#unlink(turn, consumer);
    this.#append(turn, consumer);
  }

  /** Puts the consumer at the end of its priority; nothing happens if it is in the rotation. */
  join(consumer: Consumer<M, C>): void {
    if (consumer.turn !== undefined) return;
    this.#append(this.#turnOf(consumer.priority), consumer);
  }

  /** Takes the consumer out; nothing happens if it is not in the rotation. */
  leave(consumer: Consumer<M, C>): void {
    const turn = consumer.turn;
    if (turn === undefined) return;
    this.#unlink(turn, consumer);
    if (turn.head === undefined) this.#turns.splice(this.#turns.indexOf(turn), 1);
  }

  #turnOf(priority: number): PriorityTurn<M, C> {
    let index = 0;
    for (; index < this.#turns.length; index++) {
      const turn = this.#turns[index];
      if (turn === undefined || turn.priority < priority) break;
      if (turn.priority === priority) return turn;
    }
    const created: PriorityTurn<M, C> = { priority, head: undefined, tail: undefined };
    this.#turns.splice(index, 0, created);
    return created;
  }

  #append(turn: PriorityTurn<M, C>, consumer: Consumer<M, C>): void {
    consumer.turn = turn;
    consumer.previous = turn.tail;
    consumer.next = undefined;
    if (turn.tail === undefined) turn.head = consumer;
    else turn.tail.next = consumer;
    turn.tail = consumer;
  }

  #unlink(turn: PriorityTurn<M, C>, consumer: Consumer<M, C>): void {
    if (consumer.previous === undefined) turn.head = consumer.next;
    else consumer.previous.next = consumer.next;
    if (consumer.next === undefined) turn.tail = consumer.previous;
    else consumer.next.previous = consumer.previous;
    consumer.turn = undefined;
    consumer.next = undefined;
    consumer.previous = undefined;
  }
}
