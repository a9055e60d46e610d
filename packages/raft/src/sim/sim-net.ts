import type { Connection, ConnectionHandler, Net, NetListener } from "../env/net.ts";
import type { Random } from "./random.ts";
import { type NetFaults, SimConnection, type Wire } from "./sim-connection.ts";
import type { SimProcess } from "./sim-process.ts";
import type { SimScheduler } from "./sim-scheduler.ts";

export const CALM_NET: NetFaults = {
  delayMeanMs: 1,
  delayMinMs: 0.1,
  lossChance: 0,
  resetChance: 0,
  clogChance: 0,
  clogMaxMs: 0,
  sendBufferBytes: 64 * 1024,
};

/** What the rest of a simulation wants to know of the network. */
export interface NetWatcher {
  onNetEvent(event: string): void;
  /** Something that only a trace wants to know. */
  onNetTrace?(host: number, what: () => string): void;
}

/** A connection attempt without any answer is given up by the operating system; long, as it is in reality. */
const CONNECT_TIMEOUT_MS = 20_000;

interface Listening {
  readonly process: SimProcess;
  readonly host: number;
  readonly accept: (connection: Connection) => ConnectionHandler;
}

/** The network between all nodes. Hosts are numbers; which of them reach each other is asked at each step. */
export class SimNet implements Wire {
  readonly faults: NetFaults;
  readonly scheduler: SimScheduler;
  readonly random: Random;
  readonly #watcher: NetWatcher;
  readonly #listening = new Map<string, Listening>();
  readonly #ends = new Set<SimConnection>();
  readonly #blocked = new Set<number>();

  constructor(
    scheduler: SimScheduler,
    random: Random,
    options: { readonly faults: NetFaults; readonly watcher: NetWatcher },
  ) {
    this.scheduler = scheduler;
    this.random = random;
    this.faults = options.faults;
    this.#watcher = options.watcher;
  }

  /** The network as one life of the node on `host` sees it. */
  attach(process: SimProcess, host: number): Net {
    return {
      listen: (address, accept, done): void => {
        this.#listen(address, { process, host, accept }, done);
      },
      connect: (address, handler): Connection => this.#connect(process, host, { address, handler }),
    };
  }

  /** Cuts or restores one direction. Bytes under way wait until it is restored, or the connection breaks. */
  setBlocked(from: number, to: number, isBlocked: boolean): void {
    if (isBlocked) this.#blocked.add(directionKey(from, to));
    else this.#blocked.delete(directionKey(from, to));
  }

  healAll(): void {
    this.#blocked.clear();
  }

  isBlocked(from: number, to: number): boolean {
    return this.#blocked.size > 0 && this.#blocked.has(directionKey(from, to));
  }

  get blockedDirections(): number {
    return this.#blocked.size;
  }

  /** Open ends of connections. */
  get openEnds(): number {
    return this.#ends.size;
  }

  openEndsOf(process: SimProcess): number {
    let count = 0;
    for (const end of this.#ends) if (end.process === process) count++;
    return count;
  }

  /** Breaks all connections between two hosts. */
  resetBetween(a: number, b: number): void {
    for (const end of [...this.#ends]) {
      if (end.host === a && end.peerHost === b) {
        this.onEvent("reset");
        end.breakBoth("connection reset");
      }
    }
  }

  /**
   * The process ended. If the machine lives on, it closes the connections in its name; else peers find out only when they
   * send to it, or by themselves.
   */
  kill(process: SimProcess, isMachineAlive: boolean): void {
    for (const [address, listening] of this.#listening) {
      if (listening.process === process) this.#listening.delete(address);
    }
    for (const end of [...this.#ends]) {
      if (end.process !== process) continue;
      if (isMachineAlive) end.closePeer("connection reset by peer");
      end.vanish();
    }
  }

  /** @internal */
  onEvent(event: string): void {
    this.#watcher.onNetEvent(event);
  }

  /** @internal */
  trace(host: number, what: () => string): void {
    this.#watcher.onNetTrace?.(host, what);
  }

  /** @internal */
  opened(end: SimConnection): void {
    this.#ends.add(end);
  }

  /** @internal */
  closed(end: SimConnection): void {
    this.#ends.delete(end);
  }

  /** @internal */
  delay(): number {
    return this.faults.delayMinMs + this.random.exponential(this.faults.delayMeanMs);
  }

  #listen(
    address: string,
    listening: Listening,
    done: (error: Error | undefined, listener: NetListener | undefined) => void,
  ): void {
    this.scheduler.after(0.01, () =>
      listening.process.run(() => {
        if (this.#listening.has(address)) {
          done(new Error(`${address} is in use`), undefined);
          return;
        }
        this.#listening.set(address, listening);
        const close = (closed: () => void): void => {
          if (this.#listening.get(address) === listening) this.#listening.delete(address);
          this.scheduler.after(0.01, () => listening.process.run(closed));
        };
        done(undefined, { address, close });
      }),
    );
  }

  #connect(
    process: SimProcess,
    host: number,
    target: { readonly address: string; readonly handler: ConnectionHandler },
  ): Connection {
    const connecting = new SimConnection(this, process, { host, handler: target.handler });
    this.scheduler.after(this.delay(), () => this.#arrive(connecting, target.address, 0));
    return connecting;
  }

  /** The request to connect reaches the other host, or tries to. */
  #arrive(connecting: SimConnection, address: string, waitedMs: number): void {
    if (connecting.isClosed) return;
    const listening = this.#listening.get(address);
    const peerHost = listening?.host ?? hostOfAddress(address);
    const isCut =
      this.isBlocked(connecting.host, peerHost) || this.isBlocked(peerHost, connecting.host);
    if (isCut) {
      this.trace(connecting.host, () => `connects to ${address}, which it cannot reach`);
      if (waitedMs > CONNECT_TIMEOUT_MS) connecting.lose("connect timed out");
      else {
        this.scheduler.after(1000, () => this.#arrive(connecting, address, waitedMs + 1000));
      }
      return;
    }
    if (listening === undefined) {
      this.trace(connecting.host, () => `connects to ${address}, where nobody listens`);
      this.scheduler.after(this.delay(), () => connecting.lose("connection refused"));
      return;
    }
    // A paused process does not accept, but its machine's kernel completes the connection.
    const accepted = new SimConnection(this, listening.process, {
      host: listening.host,
      handler: undefined,
    });
    connecting.join(accepted);
    this.trace(connecting.host, () => `connects to ${address}`);
    listening.process.run(() => {
      if (!accepted.isClosed) accepted.accept(listening.accept(accepted));
    });
    this.scheduler.after(this.delay(), () => connecting.open());
  }
}

/** Addresses of simulated nodes are "node-<number>:<port>". */
function hostOfAddress(address: string): number {
  const digits = /^node-(\d+):/.exec(address)?.[1];
  return digits === undefined ? -1 : Number(digits);
}

function directionKey(from: number, to: number): number {
  return from * 65_536 + to;
}
