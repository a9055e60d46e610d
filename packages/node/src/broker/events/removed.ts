import type { MetadataCommand } from "../../metadata/commands.ts";
import type { MetadataView } from "../../metadata/metadata-machine.ts";
import type { BindingRecord, ExchangeRecord, QueueRecord } from "../../metadata/records.ts";
import type { VirtualHostState } from "../../metadata/virtual-host-state.ts";

/** Exchanges and bindings that a command takes away, and all that goes with a vhost. */
export interface Removed {
  /** Of a deleted vhost all, else those of exchanges that stay. */
  readonly bindings: readonly BindingRecord[];
  readonly queues: readonly QueueRecord[];
  readonly exchanges: readonly RemovedExchange[];
}

interface RemovedExchange {
  readonly exchange: ExchangeRecord;
  /** What was bound to it; none where `Removed.bindings` has them. */
  readonly bindings: readonly BindingRecord[];
}

type Vhost = Pick<VirtualHostState, "bindings" | "exchanges" | "queues">;

/** What the command would remove now, but for the queue or vhost that it names. */
export function removedWith(command: MetadataCommand, machine: MetadataView): Removed {
  if (command.type === "unbind") {
    return lost(machine.vhost(command.binding.vhost), ({ bindings }) =>
      bindings.has(command.binding) ? [command.binding] : [],
    );
  }
  if (command.type === "deleteQueue") {
    return lost(machine.vhost(command.vhost), ({ bindings }) =>
      bindings.ofDestination("queue", command.name),
    );
  }
  if (command.type === "deleteExchange") {
    return lost(machine.vhost(command.vhost), () => [], command.name);
  }
  return command.type === "deleteVhost" ? all(machine.vhost(command.name)) : NOTHING;
}

const NOTHING: Removed = { bindings: [], queues: [], exchanges: [] };

function all(vhost: Vhost | undefined): Removed {
  if (vhost === undefined) return NOTHING;
  return {
    bindings: [...vhost.bindings.all()],
    queues: [...vhost.queues.values()],
    exchanges: Array.from(vhost.exchanges.values(), (exchange) => ({ exchange, bindings: [] })),
  };
}

/** Of `exchange` and some bindings, and of the auto-delete exchanges that lose their last binding then, one after the other. */
function lost(
  vhost: Vhost | undefined,
  bindingsOf: (vhost: Vhost) => Iterable<BindingRecord>,
  exchange?: string,
): Removed {
  if (vhost === undefined) return NOTHING;
  const { bindings, exchanges } = vhost;
  const gone = new Set<string>();
  if (exchange !== undefined && exchanges.has(exchange)) gone.add(exchange);
  const bySource = new Map<string, BindingRecord[]>();
  const lose = (binding: BindingRecord): void => {
    const { source } = binding;
    const ofSource = bySource.get(source) ?? [];
    ofSource.push(binding);
    bySource.set(source, ofSource);
    const isLast = ofSource.length === bindings.countOfSource(source);
    if (isLast && exchanges.get(source)?.autoDelete === true) gone.add(source);
  };
  for (const binding of bindingsOf(vhost)) lose(binding);
  // The set grows while it is gone through.
  for (const name of gone) {
    for (const binding of bindings.ofDestination("exchange", name)) {
      if (!gone.has(binding.source)) lose(binding);
    }
  }
  return {
    bindings: [...bySource].flatMap(([source, ofSource]) => (gone.has(source) ? [] : ofSource)),
    queues: [],
    exchanges: [...gone].flatMap((name) => {
      const record = exchanges.get(name);
      return record === undefined
        ? []
        : [{ exchange: record, bindings: [...bindings.ofSource(name)] }];
    }),
  };
}
