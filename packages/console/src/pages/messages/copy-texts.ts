import type { MessageInfo } from "../../api/types.ts";
import { propertiesOf } from "./message-content.ts";

/** Where a copied message is to be published. */
export interface Target {
  readonly vhost: string;
  readonly exchange: string;
  readonly routingKey: string;
}

/** The message as JSON, with what the API says of it. */
export function asJson(message: MessageInfo): string {
  return JSON.stringify(message, null, 2);
}

/** A command that publishes the message by the HTTP API; the password is asked for. */
export function asCurl(message: MessageInfo, target: Target, origin: string): string {
  const exchange = target.exchange === "" ? "amq.default" : target.exchange;
  const url = `${origin}api/exchanges/${encodeURIComponent(target.vhost)}/${encodeURIComponent(exchange)}/publish`;
  const body = JSON.stringify({
    properties: propertiesOf(message),
    routing_key: target.routingKey,
    payload: message.payload,
    payload_encoding: message.payload_encoding ?? "string",
  });
  return `curl -u USER -X POST ${quoted(url)} \\\n  -d ${quoted(body)}`;
}

/** A program for Node.js with amqplib that publishes the message. */
export function asProgram(message: MessageInfo, target: Target): string {
  const encoding = message.payload_encoding === "base64" ? "base64" : "utf8";
  const { content_type, correlation_id, headers, ...rest } = propertiesOf(message);
  const options = {
    contentType: content_type,
    correlationId: correlation_id,
    headers,
    ...camelCased(rest),
  };
  return [
    'import amqp from "amqplib";',
    "",
    'const connection = await amqp.connect("amqp://localhost");',
    "const channel = await connection.createConfirmChannel();",
    `const body = Buffer.from(${JSON.stringify(message.payload)}, "${encoding}");`,
    `channel.publish(${JSON.stringify(target.exchange)}, ${JSON.stringify(target.routingKey)}, body, ${JSON.stringify(options, null, 2)});`,
    "await channel.waitForConfirms();",
    "await connection.close();",
    "",
  ].join("\n");
}

function camelCased(properties: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(properties).map(([key, value]) => [
      key.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );
}

/** One word for a shell of the Bourne family. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
