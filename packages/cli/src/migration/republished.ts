import type { ConsumeMessage, Options } from "amqplib";

/** What a message lost on its way, because the other broker would have taken it as an order. */
export type Removed = "CC" | "user_id";

export interface Republished {
  readonly options: Options.Publish;
  readonly removed: readonly Removed[];
}

/** Headers that the broker adds at each delivery; a publisher does not send them. */
const OF_THE_DELIVERY = new Set(["x-delivery-count"]);

/**
 * The properties with which a message of one broker is published to the same queue of another: all that its publisher had given, and what
 * dead-lettering had added. Without CC, which would send copies to other queues again, and, unless `keepsUserId`, without
 * a user-id that is not the name of who publishes now.
 */
export function republished(
  { properties }: ConsumeMessage,
  { user, keepsUserId }: { readonly user: string; readonly keepsUserId: boolean },
): Republished {
  const removed: Removed[] = [];
  const headers: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(properties.headers ?? {})) {
    if (name === "CC") removed.push("CC");
    else if (!OF_THE_DELIVERY.has(name)) headers[name] = value;
  }
  const userId: unknown = properties.userId;
  const losesUserId = userId !== undefined && userId !== user && !keepsUserId;
  if (losesUserId) removed.push("user_id");
  const options: Options.Publish = {
    ...given({
      contentType: properties.contentType,
      contentEncoding: properties.contentEncoding,
      deliveryMode: properties.deliveryMode,
      priority: properties.priority,
      correlationId: properties.correlationId,
      replyTo: properties.replyTo,
      expiration: properties.expiration,
      messageId: properties.messageId,
      timestamp: properties.timestamp,
      type: properties.type,
      appId: properties.appId,
      userId: losesUserId ? undefined : userId,
    }),
    headers,
    mandatory: true,
  };
  return { options, removed };
}

function given(values: Record<string, unknown>): Options.Publish {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
