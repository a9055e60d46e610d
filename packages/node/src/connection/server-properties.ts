import { type FieldTable, type FieldValue, longstr } from "@leveret/amqp";

/** Product texts of connection.start; tools gate on `version`, which must parse as X.Y.Z. */
export interface ProductTexts {
  readonly product: string;
  /** The RabbitMQ release whose visible behaviour is followed. */
  readonly version: string;
  readonly productVersion: string;
  readonly platform: string;
  readonly copyright: string;
  readonly information: string;
}

/** In RabbitMQ's order. */
const CAPABILITIES = [
  "publisher_confirms",
  "exchange_exchange_bindings",
  "basic.nack",
  "consumer_cancel_notify",
  "connection.blocked",
  "consumer_priorities",
  "authentication_failure_close",
  "per_consumer_qos",
  "direct_reply_to",
] as const;

/** The server-properties table, sorted by key as RabbitMQ's. */
export function serverProperties(product: ProductTexts, clusterName: string): FieldTable {
  const capabilities = new Map<string, FieldValue>(
    CAPABILITIES.map((name) => [name, { type: "bool", value: true }]),
  );
  return new Map<string, FieldValue>([
    ["capabilities", { type: "table", value: capabilities }],
    ["cluster_name", longstr(clusterName)],
    ["copyright", longstr(product.copyright)],
    ["information", longstr(product.information)],
    ["platform", longstr(product.platform)],
    ["product", longstr(product.product)],
    ["product_version", longstr(product.productVersion)],
    ["version", longstr(product.version)],
  ]);
}
