import { ApiError, apiPath, get, post, put, remove } from "../../api/client.ts";
import type { NamedIn, Page } from "../../api/types.ts";

/** All that the introduction makes begins with this. */
export const PREFIX = "learn.";

const PAGE = 100;

export function declareQueue(
  vhost: string,
  name: string,
  args: Readonly<Record<string, unknown>> = {},
): Promise<unknown> {
  return put(apiPath("queues", vhost, name), { durable: true, arguments: args });
}

export function declareExchange(vhost: string, name: string, type: string): Promise<unknown> {
  return put(apiPath("exchanges", vhost, name), { type, durable: true });
}

export function bind(
  vhost: string,
  exchange: string,
  queue: string,
  key: string,
): Promise<unknown> {
  return post(apiPath("bindings", vhost, "e", exchange, "q", queue), {
    routing_key: key,
    arguments: {},
  });
}

export async function publish(
  vhost: string,
  exchange: string,
  key: string,
  bodies: readonly string[],
): Promise<void> {
  for (const payload of bodies) {
    await post(
      `${apiPath("exchanges", vhost, exchange === "" ? "amq.default" : exchange)}/publish`,
      {
        routing_key: key,
        payload,
        payload_encoding: "string",
        properties: { delivery_mode: 2 },
      },
    );
  }
}

export function takeOne(vhost: string, queue: string): Promise<unknown> {
  return post(`${apiPath("queues", vhost, queue)}/get`, {
    count: 1,
    ackmode: "ack_requeue_false",
    encoding: "auto",
  });
}

export function setPolicy(
  vhost: string,
  name: string,
  definition: Record<string, unknown>,
): Promise<unknown> {
  return put(apiPath("policies", vhost, name), {
    pattern: `^${PREFIX.replace(".", "\\.")}`,
    "apply-to": "queues",
    priority: 0,
    definition,
  });
}

/** Deletes queues, exchanges and policies that the introduction made. */
export async function cleanUp(vhost: string): Promise<void> {
  for (const kind of ["queues", "exchanges"]) {
    const query = new URLSearchParams({
      page: "1",
      page_size: String(PAGE),
      name: `^${PREFIX.replace(".", "\\.")}`,
      use_regex: "true",
      columns: "name,vhost",
    });
    const found = await get<Page<NamedIn>>(`${apiPath(kind, vhost)}?${query.toString()}`);
    for (const item of found.items) {
      await remove(apiPath(kind, vhost, item.name));
    }
  }
  const policies = await get<readonly NamedIn[]>(apiPath("policies", vhost));
  for (const policy of policies.filter(({ name }) => name.startsWith(PREFIX))) {
    await remove(apiPath("policies", vhost, policy.name)).catch(ignoreMissing);
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof ApiError && error.status === 404)) {
    throw error;
  }
}
