import type { JsonObject } from "../model/json.ts";
import type { ObjectRef } from "../model/runtime-objects.ts";

/** Where the dead letters of a queue go. */
export interface DeadLetterTarget {
  readonly vhost: string;
  readonly exchange: string;
  /** undefined: each keeps its own. */
  readonly routingKey: string | undefined;
}

/** The target that arguments or policy of a queue set; arguments come first, as in the broker. undefined: none. */
export function deadLetterTarget(
  { vhost }: ObjectRef,
  args: JsonObject,
  policy: JsonObject,
): DeadLetterTarget | undefined {
  const exchange = args["x-dead-letter-exchange"] ?? policy["dead-letter-exchange"];
  const key = args["x-dead-letter-routing-key"] ?? policy["dead-letter-routing-key"];
  if (typeof exchange !== "string") return undefined;
  return { vhost, exchange, routingKey: typeof key === "string" ? key : undefined };
}

/** The queues to which dead letters come, each as `vhost NUL name`: those bound to a target, and those that the default exchange is told to use. */
export function deadLetterQueues(
  targets: readonly DeadLetterTarget[],
  bindings: readonly JsonObject[],
): ReadonlySet<string> {
  const exchanges = new Set(targets.map(({ vhost, exchange }) => `${vhost}\0${exchange}`));
  const found = new Set<string>();
  for (const { vhost, exchange, routingKey } of targets) {
    if (exchange === "" && routingKey !== undefined) found.add(`${vhost}\0${routingKey}`);
  }
  for (const { vhost, source, destination, destination_type: kind } of bindings) {
    const isTarget = source !== "" && exchanges.has(`${String(vhost)}\0${String(source)}`);
    if (isTarget && kind === "queue") found.add(`${String(vhost)}\0${String(destination)}`);
  }
  return found;
}
