import { Refusal } from "../codec/handshake.ts";

const TEXTS: ReadonlyMap<number, string> = new Map<number, string>([
  [Refusal.Version, "no protocol version in common"],
  [Refusal.Cluster, "it belongs to another cluster"],
  [Refusal.WrongNode, "the address belongs to another node"],
  [Refusal.StaleLife, "a newer life of the same node is known"],
  [Refusal.Duplicate, "another process claims to be the same node"],
  [Refusal.Crossed, "both connected at the same time"],
  [Refusal.NoControl, "there is no control connection yet"],
  [Refusal.Busy, "too many connections"],
]);

/** What people read about a refusal; also for codes of later versions. */
export function refusalText(refusal: number): string {
  return TEXTS.get(refusal) ?? `refusal ${refusal}`;
}

/** Whether a refusal is part of normal life: no reason to tell anybody, or to think the peer dead. */
export function isPassing(refusal: number): boolean {
  return refusal === Refusal.Crossed || refusal === Refusal.NoControl || refusal === Refusal.Busy;
}
