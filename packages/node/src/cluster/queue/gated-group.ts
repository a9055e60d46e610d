import type { QueueCommand, QueueGroup } from "../../queue/log/queue-group.ts";

/** A group whose log is complete, but of which its queue is not to know that before it knows what consumers elsewhere hold. */
export class GatedGroup implements QueueGroup {
  readonly #group: QueueGroup;
  #isOpen = false;
  #waiting: (() => void)[] = [];

  constructor(group: QueueGroup) {
    this.#group = group;
  }

  /** Repeatable. */
  open(): void {
    this.#isOpen = true;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const done of waiting) this.#group.onceReady(done);
  }

  get groupId(): number {
    return this.#group.groupId;
  }

  get isReady(): boolean {
    return this.#isOpen && this.#group.isReady;
  }

  get failure(): string | undefined {
    return this.#group.failure;
  }

  get log(): QueueGroup["log"] {
    return this.#group.log;
  }

  get isReplicated(): boolean {
    return this.#group.isReplicated;
  }

  get term(): number {
    return this.#group.term;
  }

  /** Nobody is told: who made the gate listens to the group itself. */
  get onChange(): undefined {
    return undefined;
  }

  get lastIndex(): number {
    return this.#group.lastIndex;
  }

  onceReady(done: () => void): void {
    if (this.#isOpen) this.#group.onceReady(done);
    else this.#waiting.push(done);
  }

  hurry(): void {
    this.#group.hurry();
  }

  whenReady(done: () => void): void {
    if (this.#isOpen) this.#group.whenReady(done);
    else this.#waiting.push(done);
  }

  propose(
    data: Uint8Array,
    options: { readonly command: QueueCommand; readonly freesSpace: boolean },
    done: Parameters<QueueGroup["propose"]>[2],
  ): boolean {
    return this.#group.propose(data, options, done);
  }

  read(first: number, maxBytes: number, done: Parameters<QueueGroup["read"]>[2]): void {
    this.#group.read(first, maxBytes, done);
  }

  delete(): void {
    this.#group.delete();
  }
}
