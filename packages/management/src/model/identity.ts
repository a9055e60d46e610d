/** Who asks: a user whom the node knows. */
export interface Identity {
  readonly name: string;
  readonly tags: readonly string[];
}

/** Of routes that need no login. No user has this name. */
export const NOBODY: Identity = Object.freeze({ name: "", tags: Object.freeze([]) });

/** Tags that open the API, and which others each of them stands for. */
const INCLUDED = {
  administrator: ["administrator"],
  monitoring: ["administrator", "monitoring"],
  policymaker: ["administrator", "policymaker"],
  management: ["administrator", "monitoring", "policymaker", "management"],
} as const;

export type ManagementTag = keyof typeof INCLUDED;

/** Whether one of the user's tags grants what `tag` grants. */
export function hasTag({ tags }: Identity, tag: ManagementTag): boolean {
  const granting: readonly string[] = INCLUDED[tag];
  return tags.some((own) => granting.includes(own));
}
