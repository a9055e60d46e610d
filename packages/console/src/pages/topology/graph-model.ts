import type { BindingInfo, ExchangeInfo, QueueInfo } from "../../api/types.ts";

/** An exchange or a queue in the picture. */
export interface GraphNode {
  readonly id: string;
  readonly kind: "exchange" | "queue";
  readonly name: string;
  readonly type?: string;
  readonly messages?: number;
  /** Messages that come in, a second. */
  readonly rate?: number;
}

/** All bindings between the same two ends. */
export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  readonly text: string;
}

const KEYS_SHOWN_MAX = 3;

/**
 * The edges of bindings whose ends, or an end of a neighbour, hold the filter; without those of the default exchange, to which every queue
 * is bound. `left`: bindings beyond `edgesMax`.
 */
export function chooseEdges(
  bindings: readonly BindingInfo[],
  filter: string,
  edgesMax: number,
): { readonly edges: readonly GraphEdge[]; readonly left: number } {
  const own = bindings.filter((binding) => binding.source !== "");
  const near = filter === "" ? own : nearTo(own, filter.toLowerCase());
  const keys = new Map<string, string[]>();
  let left = 0;
  for (const binding of near) {
    const pair = JSON.stringify([
      `exchange/${binding.source}`,
      `${binding.destination_type}/${binding.destination}`,
    ]);
    const known = keys.get(pair);
    if (known !== undefined) {
      known.push(binding.routing_key);
    } else if (keys.size < edgesMax) {
      keys.set(pair, [binding.routing_key]);
    } else {
      left += 1;
    }
  }
  const edges = [...keys].map(([pair, routingKeys]) => {
    const [from, to] = JSON.parse(pair) as [string, string];
    return { from, to, text: keyText(routingKeys) };
  });
  return { edges, left };
}

function nearTo(bindings: readonly BindingInfo[], filter: string): readonly BindingInfo[] {
  const named = bindings.filter(({ source, destination }) =>
    [source, destination].some((name) => name.toLowerCase().includes(filter)),
  );
  const exchanges = new Set(named.map(({ source }) => source));
  return bindings.filter(
    (binding) =>
      named.includes(binding) ||
      (binding.destination_type === "exchange" && exchanges.has(binding.destination)),
  );
}

function keyText(keys: readonly string[]): string {
  const shown = keys.slice(0, KEYS_SHOWN_MAX).filter((key) => key !== "");
  return (
    shown.join(", ") + (keys.length > KEYS_SHOWN_MAX ? ` +${keys.length - KEYS_SHOWN_MAX}` : "")
  );
}

/** The ends of the edges, with what is known of them. */
export function nodesOf(
  edges: readonly GraphEdge[],
  queues: readonly QueueInfo[],
  exchanges: readonly ExchangeInfo[],
): readonly GraphNode[] {
  const queueByName = new Map(queues.map((queue) => [queue.name, queue]));
  const exchangeByName = new Map(exchanges.map((exchange) => [exchange.name, exchange]));
  const ids = new Set(edges.flatMap(({ from, to }) => [from, to]));
  return [...ids].map((id) => {
    const at = id.indexOf("/");
    const name = id.slice(at + 1);
    if (id.startsWith("queue/")) {
      const queue = queueByName.get(name);
      return {
        id,
        kind: "queue",
        name,
        messages: queue?.messages,
        rate: queue?.message_stats?.publish_details?.rate,
      };
    }
    const exchange = exchangeByName.get(name);
    return {
      id,
      kind: "exchange",
      name,
      type: exchange?.type,
      rate: exchange?.message_stats?.publish_in_details?.rate,
    };
  });
}
