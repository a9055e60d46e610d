import type { ReplicaId } from "../../core/ids.ts";
import { MessageType, type RaftMessage } from "../../core/message.ts";
import type { RecordedState } from "./recorder.ts";

/** Name of a message type, as scenarios write it. */
export type MessageName = keyof typeof MessageType;

/** A message on its way. */
export interface Flight {
  readonly message: RaftMessage;
  /** Contents of an InstallSnapshot. */
  readonly state: RecordedState | undefined;
}

/** Which messages are meant; what is left out matches all. */
export interface FlightFilter {
  readonly type?: MessageName | readonly MessageName[];
  readonly from?: ReplicaId;
  readonly to?: ReplicaId;
  /** At most so many, oldest first. */
  readonly count?: number;
  readonly where?: (message: RaftMessage) => boolean;
}

const NAMES: ReadonlyMap<number, MessageName> = new Map(
  Object.entries(MessageType).map(([name, type]) => [type, name as MessageName]),
);

/** Name of a message's type. */
export function nameOf(message: RaftMessage): MessageName {
  const name = NAMES.get(message.type);
  if (name === undefined) throw new Error(`no message type ${message.type}`);
  return name;
}

/** Messages in flight in the order in which they were sent. Any of them may arrive next, twice or never. */
export class Network {
  #flights: Flight[] = [];
  readonly #cuts = new Set<string>();

  get flights(): readonly Flight[] {
    return this.#flights;
  }

  /** Takes a message, unless its link is cut. */
  send(flight: Flight): void {
    if (!this.isCut(flight.message.from, flight.message.to)) this.#flights.push(flight);
  }

  /** Messages of this direction are lost from now on, those in flight too. */
  cut(from: ReplicaId, to: ReplicaId): void {
    this.#cuts.add(`${from}>${to}`);
    this.take({ from, to });
  }

  restore(from: ReplicaId, to: ReplicaId): void {
    this.#cuts.delete(`${from}>${to}`);
  }

  isCut(from: ReplicaId, to: ReplicaId): boolean {
    return this.#cuts.has(`${from}>${to}`);
  }

  /** Messages that match, still in flight. */
  matching(filter: FlightFilter): Flight[] {
    const found = this.#flights.filter((flight) => matches(flight.message, filter));
    return found.slice(0, filter.count);
  }

  /** Removes those that match and returns them. */
  take(filter: FlightFilter): Flight[] {
    const taken = this.matching(filter);
    const set = new Set(taken);
    this.#flights = this.#flights.filter((flight) => !set.has(flight));
    return taken;
  }

  /** Puts flights back, ahead of all others. */
  putFirst(flights: readonly Flight[]): void {
    this.#flights = [...flights, ...this.#flights];
  }
}

function matches(message: RaftMessage, filter: FlightFilter): boolean {
  const { type, from, to, where } = filter;
  if (from !== undefined && message.from !== from) return false;
  if (to !== undefined && message.to !== to) return false;
  if (type !== undefined) {
    const name = nameOf(message);
    if (typeof type === "string" ? type !== name : !type.includes(name)) return false;
  }
  return where === undefined || where(message);
}
