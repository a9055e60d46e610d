import type { MetadataCommand } from "./commands.ts";
import type { MetadataView } from "./metadata-machine.ts";
import type { BindingRecord } from "./records.ts";
import { isTransient } from "./virtual-host-state.ts";

/** Small commands that nodes need to stop, to start, and to move queues away from a full disk. */
const OF_NODES: ReadonlySet<MetadataCommand["type"]> = new Set([
  "removeMember",
  "memberStarted",
  "memberStopping",
  "placeQueue",
]);

/** What a command takes away leaves room: it is accepted even when disk space is low. */
export function freesSpace({ type }: MetadataCommand): boolean {
  const isRemoval = type.startsWith("delete") || type.startsWith("clear");
  return isRemoval || type === "unbind" || type === "dropTransient" || OF_NODES.has(type);
}

/**
 * Whether a command is about nothing that outlives a restart, so that nobody has to wait for the disk: exchanges and queues that are
 * not durable, exclusive queues, and bindings from or to them. As `machine` is now; what it does not know counts as durable.
 */
export function isAboutTransient(command: MetadataCommand, machine: MetadataView): boolean {
  const { type } = command;
  if (type === "declareExchange") return !command.exchange.durable;
  if (type === "declareQueue") return isTransient(command.queue);
  if (type === "deleteExchange") return isTransientExchange(machine, command.vhost, command.name);
  if (type === "deleteQueue") return isTransientQueue(machine, command.vhost, command.name);
  return (type === "bind" || type === "unbind") && isTransientBinding(machine, command.binding);
}

function isTransientBinding(machine: MetadataView, binding: BindingRecord): boolean {
  const { vhost, source, destination, destinationType } = binding;
  return (
    isTransientExchange(machine, vhost, source) ||
    (destinationType === "queue"
      ? isTransientQueue(machine, vhost, destination)
      : isTransientExchange(machine, vhost, destination))
  );
}

function isTransientExchange(machine: MetadataView, vhost: string, name: string): boolean {
  return machine.exchange(vhost, name)?.durable === false;
}

function isTransientQueue(machine: MetadataView, vhost: string, name: string): boolean {
  const queue = machine.queue(vhost, name);
  return queue !== undefined && isTransient(queue);
}
