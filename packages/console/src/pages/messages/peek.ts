import { apiPath } from "../../api/client.ts";
import type { NamedIn } from "../../api/types.ts";

/** The API's path for looking at the first `count` messages of a queue without taking them. */
export function peekPath(queue: NamedIn, count: number): string {
  return `leveret/queues/${apiPath(queue.vhost, queue.name)}/peek?count=${count}`;
}
