import { remembered } from "../../app/preferences.ts";

/** A message that was published here before. */
export interface PublishedBefore {
  readonly at: number;
  readonly vhost: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly payload: string;
  readonly encoding: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

const KEPT_MAX = 20;
/** Larger bodies are not kept: the browser's storage is small. */
const PAYLOAD_SIZE_MAX = 10_000;

export const publishHistory = remembered<readonly PublishedBefore[]>("published", []);

/** Keeps what was published in this browser, the newest first. */
export function keepPublished(message: PublishedBefore): void {
  if (message.payload.length <= PAYLOAD_SIZE_MAX) {
    const isSame = (other: PublishedBefore): boolean =>
      JSON.stringify({ ...other, at: 0 }) === JSON.stringify({ ...message, at: 0 });
    publishHistory.value = [
      message,
      ...publishHistory.value.filter((other) => !isSame(other)),
    ].slice(0, KEPT_MAX);
  }
}
