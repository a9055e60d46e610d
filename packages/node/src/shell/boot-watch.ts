import { type Awaited, logWaiting, whoIsAwaited } from "../cluster/members/boot-wait.ts";
import type { MemberBook } from "../cluster/members/member-book.ts";
import type { Logger } from "../logger.ts";
import { ClusterError } from "./cluster-error.ts";
import type { PeerPlace } from "./peer-calls.ts";
import type { PeerGreeting } from "./peer-protocol.ts";
import { BOOT_LOOK_MS, BOOT_WAIT_GRACE_MS } from "./shell-limits.ts";

export interface BootTiming {
  /** mnesia_table_loading_retry_timeout */
  readonly timeoutMs: number;
  /** mnesia_table_loading_retry_limit */
  readonly retryLimit: number;
  /** cluster.on_boot_timeout */
  readonly onTimeout: "wait" | "exit";
}

export interface BootWatchDependencies {
  readonly log: Logger;
  readonly book: MemberBook;
  /** undefined: it does not answer. */
  greet(place: PeerPlace): Promise<PeerGreeting | undefined>;
  /** Another member has told where it is now. */
  onAddress(nodeId: number, address: string): void;
  onWaiting(awaited: readonly string[]): void;
}

/**
 * Says whom a starting node waits for, asks the others how they are, and ends the wait where it makes no sense: when its cluster does
 * not have it as a member any more, or, if that is wanted, when it takes too long.
 */
export class BootWatch {
  readonly #timing: BootTiming;
  readonly #dependencies: BootWatchDependencies;
  readonly #onEnd: (error: ClusterError) => void;
  readonly #startedMs = performance.now();
  #greetings: readonly PeerGreeting[] = [];
  #linesLogged = 0;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(
    timing: BootTiming,
    dependencies: BootWatchDependencies,
    onEnd: (error: ClusterError) => void,
  ) {
    this.#timing = timing;
    this.#dependencies = dependencies;
    this.#onEnd = onEnd;
  }

  start(): void {
    void this.#look();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    const { book, greet } = this.#dependencies;
    const places = book.others.map(({ nodeId, name }) => ({
      name,
      address: book.addressOf(nodeId) ?? "",
    }));
    const answers = await Promise.all(places.map(greet));
    if (this.#isStopped) return;
    this.#greetings = answers.filter((answer) => answer !== undefined);
    // What was answered may end the wait, and so this.
    this.#timer = setTimeout(() => void this.#look(), BOOT_LOOK_MS);
    for (const greeting of this.#greetings) this.#heed(greeting);
    this.#tell();
  }

  #heed({ name, address, clusterId, nodeId, asker }: PeerGreeting): void {
    const { book, onAddress } = this.#dependencies;
    const isOurs = clusterId === book.record.clusterId;
    if (asker === "stranger" || (clusterId !== undefined && !isOurs)) {
      const self = book.record.nodeName;
      this.#end(
        new ClusterError(
          "fenced",
          `node '${self}' thinks it's clustered with node '${name}', but '${name}' disagrees: ` +
            "it was removed from the cluster, or one of the two was reset. Reset this node to let it join again",
        ),
      );
    } else if (isOurs && nodeId !== undefined) {
      onAddress(nodeId, address);
    }
  }

  /** A line at the beginning of each period, as RabbitMQ's. */
  #tell(): void {
    const { timeoutMs, retryLimit, onTimeout } = this.#timing;
    const waitedMs = performance.now() - this.#startedMs;
    if (this.#isStopped || waitedMs < BOOT_WAIT_GRACE_MS) return;
    const { log, onWaiting } = this.#dependencies;
    const awaited = this.#awaited();
    onWaiting(awaited.awaited);
    const period = Math.floor(waitedMs / timeoutMs);
    if (period < this.#linesLogged) return;
    this.#linesLogged = period + 1;
    if (period < retryLimit) {
      logWaiting(log, { timeoutMs, retriesLeft: retryLimit - 1 - period }, awaited);
      return;
    }
    const who = awaited.awaited.join(", ");
    const text = `Timeout contacting cluster nodes: ${who === "" ? "no majority" : who}`;
    if (onTimeout === "exit") this.#end(new ClusterError("timeout", text));
    else log.warn({ ...awaited }, `${text}. This node goes on waiting, and serves no clients`);
  }

  #awaited(): Awaited {
    const { nodeId, members, running } = this.#dependencies.book.record;
    const reports = this.#greetings.flatMap((greeting) =>
      greeting.nodeId === undefined
        ? []
        : [{ nodeId: greeting.nodeId, state: greeting.state, running: greeting.running }],
    );
    return whoIsAwaited({ nodeId, members, running, reports });
  }

  #end(error: ClusterError): void {
    this.stop();
    this.#onEnd(error);
  }
}
