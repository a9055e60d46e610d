import type { Channel } from "../../connection/channel.ts";

/** `127.0.0.1:51234 -> 127.0.0.1:5672 (1)` */
export function channelName({ connection, number }: Channel): string {
  return `${connection.name} (${number})`;
}
