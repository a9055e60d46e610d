import { EMPTY_TABLE } from "@leveret/amqp";
import * as v from "valibot";
import type { BrokerNode } from "../broker/broker-node.ts";
import type { BindingRecord, ExchangeRecord } from "../metadata/records.ts";
import type { VirtualHostState } from "../metadata/virtual-host-state.ts";
import { type Columns, tableCell } from "./cells.ts";
import { type NodeMethods, whileRunning } from "./control-method.ts";
import { COLUMNS, listed, VHOST } from "./method-params.ts";

/** A vhost that is not there has nothing in it: RabbitMQ shows an empty list. */
export const TOPOLOGY_METHODS: NodeMethods = {
  list_exchanges: whileRunning(
    v.object({ ...VHOST, ...COLUMNS }),
    ({ broker }, { vhost, columns }) => {
      const state = broker.administration.metadata.vhost(vhost);
      return listed(exchangeColumns(broker), columns, state?.exchanges.values() ?? []);
    },
  ),
  list_bindings: whileRunning(
    v.object({ ...VHOST, ...COLUMNS }),
    ({ broker }, { vhost, columns }) => {
      const state = broker.administration.metadata.vhost(vhost);
      return listed(BINDING_COLUMNS, columns, state === undefined ? [] : allBindings(state));
    },
  ),
};

function exchangeColumns({ administration }: BrokerNode): Columns<ExchangeRecord> {
  return {
    name: ({ name }) => name,
    type: ({ type }) => type,
    durable: ({ durable }) => durable,
    auto_delete: ({ autoDelete }) => autoDelete,
    internal: ({ internal }) => internal,
    arguments: (exchange) => tableCell(exchange.arguments),
    policy: ({ vhost, name }) =>
      administration.metadata.effectivePolicy("exchange", vhost, name).policy?.name ?? null,
  };
}

const BINDING_COLUMNS: Columns<BindingRecord> = {
  source_name: ({ source }) => source,
  source_kind: () => "exchange",
  destination_name: ({ destination }) => destination,
  destination_kind: ({ destinationType }) => destinationType,
  routing_key: ({ routingKey }) => routingKey,
  arguments: (binding) => tableCell(binding.arguments),
};

/** Every queue is bound to the default exchange by its name (spec 1.4 of amqp0-9-1, 3.1.3.1), though no record says so. */
function* allBindings(state: VirtualHostState): Iterable<BindingRecord> {
  const vhost = state.record.name;
  for (const name of state.queues.keys()) {
    yield {
      vhost,
      source: "",
      destination: name,
      destinationType: "queue",
      routingKey: name,
      arguments: EMPTY_TABLE,
    };
  }
  yield* state.bindings.all();
}
