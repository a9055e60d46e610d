import type { Json, Operation } from "@leveret/raft/history";

export type { Operation };

/** A text in the input or output of an operation; "" if there is none. */
export function member(value: Json, name: string): string {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "";
  // Array.isArray does not exclude readonly lists in the type.
  const found = (value as { readonly [key: string]: Json })[name];
  return typeof found === "string" ? found : "";
}
