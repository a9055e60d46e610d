import type { Logger } from "../logger.ts";

/** What can run low on a node. */
export type AlarmSource = "memory" | "disk";

export interface Alarm {
  readonly source: AlarmSource;
  /** Name of the node that raised it. */
  readonly node: string;
}

/** Called after any node has raised an alarm or cleared it. */
export type OnNodeAlarm = (alarm: Alarm, isRaised: boolean) => void;

/** Called after a change, with `undefined` once nothing is short any more. */
export type OnAlarmChange = (reason: string | undefined) => void;

/**
 * The resource alarms of all nodes: while one is active, connections that publish are not read
 * (connection.blocked). RabbitMQ: rabbit_alarm, log lines included.
 */
export class Alarms {
  readonly #log: Logger;
  /** By source, then by node: what raised it. In order of raising, which is the order of the words in `reason`. */
  readonly #nodes = new Map<AlarmSource, Map<string, Set<string>>>();
  readonly #listeners = new Set<OnAlarmChange>();
  readonly #nodeListeners = new Set<OnNodeAlarm>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /**
   * Raising again what is raised does nothing. With different causes (`by`) on the same node, the alarm lasts until the last
   * of them is cleared.
   */
  raise(source: AlarmSource, node: string, by = "monitor"): void {
    const nodes = this.#nodes.get(source) ?? new Map<string, Set<string>>();
    const causes = nodes.get(node);
    if (causes !== undefined) {
      causes.add(by);
      return;
    }
    const before = this.reason;
    nodes.set(node, new Set([by]));
    this.#nodes.set(source, nodes);
    this.#log.warn(raisedText(source, node));
    this.#announce(before, { source, node }, true);
  }

  /** Clearing what is not raised does nothing. */
  clear(source: AlarmSource, node: string, by = "monitor"): void {
    const causes = this.#nodes.get(source)?.get(node);
    if (causes?.delete(by) === true && causes.size === 0) this.#end(source, node);
  }

  /** Clears whatever `node` raised: it has left. */
  clearNode(node: string): void {
    for (const [source, nodes] of [...this.#nodes]) {
      if (nodes.has(node)) this.#end(source, node);
    }
  }

  #end(source: AlarmSource, node: string): void {
    const nodes = this.#nodes.get(source);
    if (nodes === undefined) return;
    const before = this.reason;
    nodes.delete(node);
    this.#log.warn(`${source} resource limit alarm cleared on node ${node}`);
    if (nodes.size === 0) {
      this.#nodes.delete(source);
      this.#log.warn(`${source} resource limit alarm cleared across the cluster`);
    }
    this.#announce(before, { source, node }, false);
  }

  get active(): readonly Alarm[] {
    return [...this.#nodes].flatMap(([source, nodes]) =>
      [...nodes.keys()].map((node) => ({ source, node })),
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

  /** Calls `listener` whenever a node raises an alarm or clears it; the result ends that. */
  onNodeAlarm(listener: OnNodeAlarm): () => void {
    this.#nodeListeners.add(listener);
    return () => {
      this.#nodeListeners.delete(listener);
    };
  }

  #announce(before: string | undefined, changed: Alarm, isRaised: boolean): void {
    for (const listener of this.#nodeListeners) listener(changed, isRaised);
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
