import type { UserRecord } from "../metadata/records.ts";

/** What a user may do outside AMQP; other tags are allowed and mean nothing to the broker. */
export type KnownTag =
  | "administrator"
  | "monitoring"
  | "policymaker"
  | "management"
  | "impersonator";

/** Tags that include others (RabbitMQ: access to the management interface). */
const INCLUDED: Record<KnownTag, readonly KnownTag[]> = {
  administrator: ["administrator"],
  monitoring: ["administrator", "monitoring"],
  policymaker: ["administrator", "policymaker"],
  management: ["administrator", "monitoring", "policymaker", "management"],
  impersonator: ["impersonator"],
};

/** Whether one of the user's tags grants what `tag` grants; impersonator is granted by itself only. */
export function hasTag(user: Pick<UserRecord, "tags">, tag: KnownTag): boolean {
  const granting: readonly string[] = INCLUDED[tag];
  return user.tags.some((own) => granting.includes(own));
}

/** Tags as clients write them, "administrator, management"; order and unknown ones are kept, repetitions are not. */
export function parseTags(text: string): string[] {
  const tags = text.split(",").map((tag) => tag.trim());
  return Array.from(new Set(tags.filter((tag) => tag !== "")));
}
