import type { HeldMessage } from "../../queue/queue-machine.ts";
import { LinkProtocolError } from "../link/link-frames.ts";
import type { ClusterConsumer } from "./cluster-consumer.ts";
import { integerAt } from "./queue-frames.ts";

/** What a node says of a consumer when it names it to a leader. */
export interface RemoteConsumerFacts {
  readonly consumerId: number;
  readonly sessionId: number;
  readonly noAck: boolean;
  readonly exclusive: boolean;
  readonly prefetch: number;
  readonly priority: number;
  readonly needsCredit: boolean;
}

/** ... and when another leader, or an earlier link, has served it. */
export interface ServedBefore extends RemoteConsumerFacts {
  readonly isGetter: boolean;
  readonly isDetached: boolean;
  readonly isActive: boolean;
  readonly isStarted: boolean;
  readonly isPaused: boolean;
  readonly lastNumber: number;
  readonly held: readonly HeldMessage[];
}

const Flag = {
  noAck: 1,
  exclusive: 2,
  needsCredit: 4,
  getter: 8,
  detached: 16,
  active: 32,
  started: 64,
  paused: 128,
} as const;
const FIELDS = 5;
const HELD_FIELDS = 4;

/** The fields of a consumer in a packed frame. */
export function consumerFields(consumer: ClusterConsumer): number[] {
  const { id, spec } = consumer;
  const flags =
    (spec.noAck ? Flag.noAck : 0) |
    (spec.exclusive ? Flag.exclusive : 0) |
    (consumer.needsCredit ? Flag.needsCredit : 0) |
    (consumer.isGetter ? Flag.getter : 0) |
    (consumer.isDetached ? Flag.detached : 0) |
    (consumer.isActive ? Flag.active : 0) |
    (consumer.isStarted ? Flag.started : 0) |
    (consumer.isPaused ? Flag.paused : 0);
  return [id, spec.sessionId, flags, spec.prefetch, spec.priority];
}

/** The same with what it has got. */
export function servedFields(consumer: ClusterConsumer): number[] {
  const held = consumer
    .held()
    .flatMap((each) => [each.number, each.level, each.ref, each.returnCount]);
  return [...consumerFields(consumer), consumer.lastNumber, ...held];
}

/** @throws LinkProtocolError */
export function readConsumerFacts(values: readonly unknown[], at: number): RemoteConsumerFacts {
  const flags = integerAt(values, at + 2);
  return {
    consumerId: integerAt(values, at),
    sessionId: integerAt(values, at + 1),
    noAck: (flags & Flag.noAck) !== 0,
    exclusive: (flags & Flag.exclusive) !== 0,
    needsCredit: (flags & Flag.needsCredit) !== 0,
    prefetch: integerAt(values, at + 3),
    priority: integerAt(values, at + 4),
  };
}

/** @throws LinkProtocolError */
export function readServedBefore(values: readonly unknown[]): ServedBefore {
  const flags = integerAt(values, 3);
  const held: HeldMessage[] = [];
  for (let at = 2 + FIELDS; at < values.length; at += HELD_FIELDS) {
    held.push({
      number: integerAt(values, at),
      level: integerAt(values, at + 1),
      ref: integerAt(values, at + 2),
      returnCount: integerAt(values, at + 3),
    });
  }
  if ((values.length - 2 - FIELDS) % HELD_FIELDS !== 0) {
    throw new LinkProtocolError("a consumer's messages are cut short");
  }
  return {
    ...readConsumerFacts(values, 1),
    isGetter: (flags & Flag.getter) !== 0,
    isDetached: (flags & Flag.detached) !== 0,
    isActive: (flags & Flag.active) !== 0,
    isStarted: (flags & Flag.started) !== 0,
    isPaused: (flags & Flag.paused) !== 0,
    lastNumber: integerAt(values, 1 + FIELDS),
    held,
  };
}
