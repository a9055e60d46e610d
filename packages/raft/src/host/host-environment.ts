import type { Clock, Timers } from "../env/clock.ts";
import type { LogStore } from "../store/log-store.ts";
import type { Transport, TransportListener } from "../transport/transport.ts";
import type { RaftNodeOptions } from "./node-options.ts";

/** What a host stands on. The store is open; the transport is made for the host, which listens to it. */
export interface HostEnvironment<T extends Transport> {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly store: LogStore;
  readonly options: RaftNodeOptions;
  /** Of jitter and ids; different at each boot. */
  readonly seed: number;
  createTransport(listener: TransportListener): T;
}
