import { apiPath } from "../../api/client.ts";

/** What the broker says about a message that nobody has published. */
export interface Explanation {
  readonly outcome: "routed" | "unroutable" | "refused";
  readonly reason: string;
  readonly exchanges?: readonly ExplainedExchange[];
  readonly queues?: readonly ExplainedQueue[];
  readonly more_queues?: number;
}

/** An exchange on the way, with the bindings that fit and the first of those that do not. */
export interface ExplainedExchange {
  readonly name: string;
  readonly type?: string;
  readonly reached_by?: "publish" | "binding" | "alternate";
  readonly bindings?: readonly ExplainedBinding[];
  readonly unmatched?: number;
  readonly unmatched_examples?: readonly ExplainedBinding[];
  readonly notes?: readonly string[];
}

interface ExplainedBinding {
  readonly destination: string;
  readonly destination_type: "queue" | "exchange";
  readonly routing_key: string;
  readonly reason: string;
}

/** A queue that would get the message, with what acts on it there. */
export interface ExplainedQueue {
  readonly name: string;
  readonly messages_ready?: number;
  readonly consumers?: number;
  readonly effects?: readonly {
    readonly key: string;
    readonly text: string;
    readonly source?: string | null;
  }[];
}

/** The API's path for the question. */
export function explainPath(vhost: string): string {
  return `leveret/explain/${apiPath(vhost)}`;
}
