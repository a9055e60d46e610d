import { fieldTableToJson } from "@leveret/amqp";
import type { JsonObject } from "@leveret/management";
import type { MetadataView } from "../../metadata/metadata-machine.ts";
import type { ExchangeRecord } from "../../metadata/records.ts";
import type { ObjectColumns } from "./object-columns.ts";

/** An exchange as GET /api/exchanges shows it. Who declared it is not known: the audit log tells it. */
export function exchangeColumns(metadata: MetadataView): ObjectColumns<ExchangeRecord> {
  return {
    name: ({ name }) => name,
    vhost: ({ vhost }) => vhost,
    type: ({ type }) => type,
    durable: ({ durable }) => durable,
    auto_delete: ({ autoDelete }) => autoDelete,
    internal: ({ internal }) => internal,
    arguments: (exchange) => fieldTableToJson(exchange.arguments) as JsonObject,
    policy: ({ vhost, name }) => metadata.effectivePolicy("exchange", vhost, name).policy?.name,
  };
}
