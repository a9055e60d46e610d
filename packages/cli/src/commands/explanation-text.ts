/** The node's answer to `explain_publish`. */
export interface Explanation {
  readonly vhost: string;
  readonly exchange: string;
  readonly routing_key: string;
  readonly outcome: "routed" | "unroutable" | "refused";
  readonly reason: string;
  readonly exchanges: readonly ExplainedExchange[];
  readonly queues: readonly ExplainedQueue[];
  readonly more_queues: number;
}

interface ExplainedExchange {
  readonly name: string;
  readonly type: string;
  readonly reached_by: "publish" | "binding" | "alternate";
  readonly reached_from: string | null;
  readonly bindings: readonly ExplainedBinding[];
  readonly more_bindings: number;
  readonly unmatched: number;
  readonly unmatched_examples: readonly ExplainedBinding[];
  readonly alternate: {
    readonly name: string;
    readonly source: string;
    readonly exists: boolean;
    readonly used: boolean;
  } | null;
  readonly notes: readonly string[];
}

interface ExplainedBinding {
  readonly destination: string;
  readonly destination_type: string;
  readonly routing_key: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly reason: string;
}

interface ExplainedQueue {
  readonly name: string;
  readonly type: string;
  readonly durable: boolean;
  readonly leader: string | null;
  readonly messages_ready: number;
  readonly consumers: number;
  readonly effects: readonly {
    readonly key: string;
    readonly value: unknown;
    readonly source: string | null;
    readonly text: string;
  }[];
}

/** Exchanges with their bindings, then queues with what acts on the message there; indented. */
export function explanationText(explanation: Explanation): string {
  const { outcome, reason, exchanges, queues, more_queues: more } = explanation;
  return [
    outcome === "refused" ? `Refused: ${reason}` : reason,
    ...exchanges.flatMap(exchangeLines),
    ...queues.flatMap(queueLines),
    ...(more === 0 ? [] : ["", `... and ${more} more queues`]),
  ].join("\n");
}

function exchangeLines(exchange: ExplainedExchange): string[] {
  const { name, type, bindings, more_bindings: more, unmatched, alternate, notes } = exchange;
  return [
    "",
    `exchange ${shownName(name)} (${type})${reachedText(exchange)}`,
    ...notes.map((note) => `  * ${note}`),
    ...bindings.map((binding) => `  -> ${bindingText(binding)}`),
    ...(more === 0 ? [] : [`  ... and ${more} more bindings that match`]),
    ...(bindings.length === 0 ? ["  no binding matches"] : []),
    ...exchange.unmatched_examples.map((binding) => `  x  ${bindingText(binding)}`),
    ...(unmatched > exchange.unmatched_examples.length
      ? [`  ... ${unmatched} bindings do not match in all`]
      : []),
    ...(alternate === null ? [] : [`  alternate exchange ${alternateText(alternate)}`]),
  ];
}

function reachedText({ reached_by: by, reached_from: from }: ExplainedExchange): string {
  if (by === "publish") return "";
  const how = by === "binding" ? "by a binding of" : "as the alternate exchange of";
  return `, reached ${how} ${shownName(from ?? "")}`;
}

function bindingText(binding: ExplainedBinding): string {
  const { destination, destination_type: type, routing_key: key, reason } = binding;
  const args = Object.keys(binding.arguments).length;
  const withArgs = args === 0 ? "" : ` ${JSON.stringify(binding.arguments)}`;
  return `${type} ${shownName(destination)} by '${key}'${withArgs}${reason === "" ? "" : `: ${reason}`}`;
}

function alternateText({
  name,
  source,
  exists,
  used,
}: NonNullable<ExplainedExchange["alternate"]>): string {
  const what = `${shownName(name)} (${source})`;
  if (!exists) return `${what}: there is no such exchange`;
  return used ? `${what}: takes the message` : `${what}: not needed`;
}

function queueLines(queue: ExplainedQueue): string[] {
  const { name, type, leader, messages_ready: ready, consumers, effects } = queue;
  const facts = [type, leader === null ? "no leader" : `on ${leader}`];
  return [
    "",
    `queue ${shownName(name)} (${facts.join(", ")}; ${ready} ready, ${consumers} consumers)`,
    ...effects.map(({ key, value, source, text }) => {
      const set = source === null ? "" : ` [${key}=${String(value)}, ${source}]`;
      return `  * ${text}${set}`;
    }),
  ];
}

function shownName(name: string): string {
  return name === "" ? "(default)" : `'${name}'`;
}
