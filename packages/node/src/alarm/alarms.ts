import type { Logger } from "../logger.ts";

/** What can run low on a node. */
export type AlarmSource = "memory" | "disk";

export interface Alarm {
  readonly source: AlarmSource;
  /** Name of the node that raised it. */
  readonly node: string;
}

/** Called after a change, with `undefined` once nothing is short any more. */
export type OnAlarmChange = (reason: string | undefined) => void;

/**
 * The resource alarms of all nodes: while one is active, connections that publish are not read
 * (connection.blocked). RabbitMQ: rabbit_alarm, log lines included.
 */
export class Alarms {
  readonly #log: Logger;
  /** Nodes by source; both in order of raising, which is the order of the words in `reason`. */
  readonly #nodes = new Map<AlarmSource, Set<string>>();
  readonly #listeners = new Set<OnAlarmChange>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Raising again what is raised does nothing. */
  raise(source: AlarmSource, node: string): void {
    const nodes = this.#nodes.get(source) ?? new Set<string>();
    if (nodes.has(node)) return;
    const before = this.reason;
    nodes.add(node);
    this.#nodes.set(source, nodes);
    this.#log.warn(raisedText(source, node));
    this.#announce(before);
  }

  /** Clearing what is not raised does nothing. */
  clear(source: AlarmSource, node: string): void {
    const nodes = this.#nodes.get(source);
    if (nodes === undefined || !nodes.has(node)) return;
    const before = this.reason;
    nodes.delete(node);
    this.#log.warn(`${source} resource limit alarm cleared on node ${node}`);
    if (nodes.size === 0) {
      this.#nodes.delete(source);
      this.#log.warn(`${source} resource limit alarm cleared across the cluster`);
    }
    this.#announce(before);
  }

  /** Clears whatever `node` raised: it has left. */
  clearNode(node: string): void {
    for (const source of [...this.#nodes.keys()]) this.clear(source, node);
  }

  get active(): readonly Alarm[] {
    return [...this.#nodes].flatMap(([source, nodes]) =>
      [...nodes].map((node) => ({ source, node })),
    );
  }

  get isActive(): boolean {
    return this.#nodes.size > 0;
  }

  /** The text of connection.blocked: `low on memory`, `low on disk`, `low on memory & disk`; undefined: none. */
  get reason(): string | undefined {
    if (this.#nodes.size === 0) return undefined;
    return `low on ${[...this.#nodes.keys()].join(" & ")}`;
  }

  /** Calls `listener` after each change of `reason`, from now on; the result ends that. */
  onChange(listener: OnAlarmChange): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  #announce(before: string | undefined): void {
    const { reason } = this;
    if (reason === before) return;
    for (const listener of this.#listeners) listener(reason);
  }
}

/** RabbitMQ's banner, word for word: people and log watchers look for it. */
function raisedText(source: AlarmSource, node: string): string {
  const frame = "*".repeat(58);
  return [
    `${source} resource limit alarm set on node ${node}.`,
    "",
    frame,
    "*** Publishers will be blocked until this alarm clears ***",
    frame,
    "",
  ].join("\n");
}
