import type { Caller } from "../caller.ts";
import type { Row } from "../cell.ts";
import { type CliError, failed, UsageError } from "../cli-error.ts";
import { EXIT } from "../exit-code.ts";
import { payloadJson, payloadText } from "../payload-text.ts";
import { arg, type Command, type Input, type Output, type StreamItem } from "./command.ts";
import { each } from "./listing.ts";
import { untilTimeout } from "./until-timeout.ts";

/** A message, as the node sends it. */
interface ShownMessage {
  readonly exchange: string;
  readonly routing_key: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly payload: Uint8Array;
  readonly payload_bytes: number;
}

interface PeekedMessage extends ShownMessage {
  readonly position: number;
  readonly redelivered: boolean;
  readonly delivery_count: number;
  readonly expires_at: number | null;
  readonly message_count: number;
}

type TailRow =
  | { readonly kind: "started"; readonly node: string }
  | ({ readonly kind: "message" } & ShownMessage)
  | { readonly kind: "dropped"; readonly count: number }
  | { readonly kind: "interrupted" };

const PEEK_COLUMNS = [
  ...["position", "redelivered", "exchange", "routing_key", "properties", "payload_bytes"],
  "payload",
];
/** Octets of the body of one message (RabbitMQ). */
const POSITION_BODY_MAX = 64;
/** Octets of a body in a table: what fits on a line or two. */
const TABLE_BODY_MAX = 200;

export const MESSAGE_COMMANDS: readonly Command[] = [
  {
    name: "peek",
    group: "Messages",
    tools: ["rabbitmq-queues", "rabbitmqctl"],
    usage:
      "[--vhost <vhost>] <queue> [<position>] [--offset <n>] [--count <n>] [--last <n>] [--truncate <bytes>]",
    summary: "Shows ready messages of a queue, which stay as they are",
    details: [
      ["<position>", "one message: 1 is the next to be delivered (RabbitMQ)"],
      ["--offset", "messages before the first one shown"],
      ["--count", "messages shown, 10 by default, at most 1000"],
      ["--last", "that many from the end of the queue instead"],
      ["--truncate", "octets of each body; 200 in a table, else 50000"],
    ],
    count: [1, 2],
    options: ["offset", "count", "last", "truncate"],
    needs: "running",
    check: checkPeek,
    banner: (input) => {
      const { args, node } = input;
      const at = args.length > 1 ? ` at position ${arg(input, 1)}` : "";
      const kind = at === "" ? "queue" : "quorum queue";
      return `Peeking at ${kind} ${arg(input, 0)}${at} on node ${node} ...`;
    },
    run: (input, caller) =>
      input.args.length > 1 ? peekOne(input, caller) : peekMany(input, caller),
    explain: explainQueue,
  },
  {
    name: "tail",
    group: "Messages",
    tools: ["rabbitmq-queues", "rabbitmqctl"],
    usage: "[--vhost <vhost>] <queue> [--truncate <bytes>] [--buffer <n>] [--duration <seconds>]",
    summary: "Shows copies of the messages that are published to a queue from now on",
    details: [
      ["--truncate", "octets of each body; 200 by default, with --formatter json 50000"],
      [
        "--buffer",
        "messages that wait while this tool is slow (1000); what comes then is left out, and counted",
      ],
      ["--duration", "seconds until it ends; without it, it goes on"],
    ],
    count: [1, 1],
    options: ["truncate", "buffer", "duration"],
    needs: "running",
    banner: (input) => `Messages published to queue ${arg(input, 0)} in vhost ${input.vhost} ...`,
    run: async (input, caller) => ({ kind: "stream", items: tailItems(input, caller) }),
    explain: explainQueue,
  },
];

/** @throws UsageError */
function checkPeek(input: Input): void {
  const { args, options } = input;
  if (args.length > 1 && !/^[1-9]\d*$/.test(arg(input, 1))) {
    throw new UsageError(EXIT.usage, '"position value must be a positive integer"');
  }
  const { last, offset } = options;
  if (last !== undefined && offset !== undefined) {
    throw new UsageError(EXIT.usage, "--last and --offset exclude each other");
  }
}

function bodyMax({ options }: Input, forTable: number): number | undefined {
  const isTable = options.formatter === undefined || options.formatter === "table";
  return options.truncate ?? (isTable ? forTable : undefined);
}

async function peeked(
  caller: Caller,
  input: Input,
  params: Readonly<Record<string, unknown>>,
): Promise<PeekedMessage[]> {
  const found: PeekedMessage[] = [];
  const queue = { vhost: input.vhost, name: arg(input, 0) };
  const defined = Object.entries(params).filter(([, value]) => value !== undefined);
  const rows = caller.stream("peek_messages", { ...queue, ...Object.fromEntries(defined) });
  for await (const row of rows) found.push(row as PeekedMessage); // As its handler sends them.
  return found;
}

/** Keys and values of one message, as RabbitMQ shows it: one key for each property and header. */
async function peekOne(input: Input, caller: Caller): Promise<Output> {
  const position = Number(arg(input, 1));
  const size = input.options.truncate ?? POSITION_BODY_MAX;
  const [message] = await peeked(caller, input, { offset: position - 1, count: 1, bodyMax: size });
  if (message === undefined) {
    throw failed(EXIT.unavailable, "Target queue does not have a message at that position");
  }
  const entries = positionEntries(message, size);
  if (input.options.formatter === "json") {
    const value = { message: Object.fromEntries(entries), result: "ok" };
    return { kind: "text", text: "", value };
  }
  const rows = entries.map(([key, value]): Row => [key, valueText(value)]);
  return { kind: "rows", columns: ["keys", "values"], rows: each(rows), formatter: "pretty_table" };
}

/** RabbitMQ's names and order; headers are flat. */
function positionEntries(
  message: PeekedMessage,
  size: number,
): readonly (readonly [string, unknown])[] {
  const { headers = {}, ...properties } = message.properties;
  const flat = Object.entries(headers as object).map(
    ([name, value]) => [`header.${name}`, value] as const,
  );
  return [
    ...Object.entries(properties).filter(([name]) => name !== "delivery_mode"),
    ["routing_keys", [message.routing_key]],
    ["exchange", message.exchange],
    [`payload (max ${size} bytes)`, payloadText(message.payload, message.payload.byteLength)],
    ...flat,
    ["header.x-delivery-count", message.delivery_count],
  ];
}

async function peekMany(input: Input, caller: Caller): Promise<Output> {
  const { offset, last, count = last ?? 10 } = input.options;
  const size = bodyMax(input, TABLE_BODY_MAX);
  const from = last === undefined ? offset : -last;
  const messages = await peeked(caller, input, { offset: from, count, bodyMax: size });
  if (input.options.formatter === "json") {
    const value = messages.map(peekJson);
    return { kind: "text", text: "", value };
  }
  return { kind: "rows", columns: PEEK_COLUMNS, rows: each(messages.map(peekRow)) };
}

function peekRow(message: PeekedMessage): Row {
  const { position, redelivered, exchange, routing_key: key } = message;
  return [
    position + 1,
    redelivered,
    exchange,
    key,
    JSON.stringify(message.properties),
    message.payload_bytes,
    payloadText(message.payload, message.payload_bytes),
  ];
}

/** As RabbitMQ's HTTP API shows a message that was got. */
function peekJson(message: PeekedMessage): Readonly<Record<string, unknown>> {
  const { position, payload, ...rest } = message;
  return { position: position + 1, ...rest, ...payloadJson(payload) };
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

async function* tailItems(input: Input, caller: Caller): AsyncIterable<StreamItem> {
  const { buffer, duration } = input.options;
  const params = {
    vhost: input.vhost,
    name: arg(input, 0),
    bodyMax: bodyMax(input, TABLE_BODY_MAX) ?? 50_000,
    ...(buffer === undefined ? {} : { countMax: buffer }),
  };
  const rows = untilTimeout(caller, "tail_messages", params, duration);
  // As its handler sends them.
  for await (const row of rows as AsyncIterable<TailRow>) yield tailItem(row);
}

function tailItem(row: TailRow): StreamItem {
  switch (row.kind) {
    case "started":
      return { text: `-- ${row.node} leads the queue, waiting for messages`, value: row };
    case "dropped":
      return { text: `-- ${row.count} messages left out: this tool was too slow`, value: row };
    case "interrupted":
      return { text: "-- the leader has changed: messages may be missing here", value: row };
    case "message": {
      const { exchange, routing_key: key, properties, payload, payload_bytes: size } = row;
      const cells = [exchange, key, JSON.stringify(properties), payloadText(payload, size)];
      return { text: cells.join("\t"), value: { ...row, ...payloadJson(payload) } };
    }
    default:
      return row satisfies never;
  }
}

function explainQueue(code: string, _message: string, input: Input): CliError | undefined {
  if (code !== "no_such_queue") return undefined;
  return failed(EXIT.unavailable, `Target queue was not found in virtual host '${input.vhost}'`);
}
