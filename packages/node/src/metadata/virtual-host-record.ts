import type { AddVhost, LimitDefinition } from "./commands.ts";
import { limitOf } from "./limit-validation.ts";
import type { VirtualHostLimits, VirtualHostRecord } from "./records.ts";

const NO_LIMITS: VirtualHostLimits = { maxConnections: undefined, maxQueues: undefined };

export function newVirtualHost(command: AddVhost): VirtualHostRecord {
  const empty = {
    name: command.name,
    description: "",
    tags: [],
    defaultQueueType: undefined,
    tracing: false,
    limits: NO_LIMITS,
  };
  return withProperties(empty, command);
}

/** The record with those properties that the command names. */
export function withProperties(record: VirtualHostRecord, command: AddVhost): VirtualHostRecord {
  const { isProtected: wasProtected, ...others } = record;
  const isProtected = command.isProtected ?? wasProtected ?? false;
  return {
    ...others,
    description: command.description ?? record.description,
    tags: command.tags ?? record.tags,
    defaultQueueType: command.defaultQueueType ?? record.defaultQueueType,
    tracing: command.tracing ?? record.tracing,
    ...(isProtected && { isProtected }),
  };
}

/** `limits` are validated. */
export function withLimits(
  record: VirtualHostRecord,
  limits: LimitDefinition,
  merge: boolean,
): VirtualHostRecord {
  const base = merge ? record.limits : NO_LIMITS;
  const maxConnections = limitOf(limits, "max-connections") ?? base.maxConnections;
  const maxQueues = limitOf(limits, "max-queues") ?? base.maxQueues;
  return { ...record, limits: { maxConnections, maxQueues } };
}

/** Without the named limit, or without any. */
export function withoutLimits(
  record: VirtualHostRecord,
  limit: string | undefined,
): VirtualHostRecord {
  const clears = (name: string): boolean => limit === undefined || limit === name;
  const { maxConnections, maxQueues } = record.limits;
  return {
    ...record,
    limits: {
      maxConnections: clears("max-connections") ? undefined : maxConnections,
      maxQueues: clears("max-queues") ? undefined : maxQueues,
    },
  };
}

/** Records are built in one place, so their keys stand in one order. */
export function isSameRecord(left: VirtualHostRecord, right: VirtualHostRecord): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
