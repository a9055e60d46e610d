import { channel } from "./cases/channel.ts";
import { exchange } from "./cases/exchange.ts";
import { framing } from "./cases/framing.ts";
import { handshake } from "./cases/handshake.ts";
import { queueArguments } from "./cases/queue-arguments.ts";
import { queueDeclare } from "./cases/queue-declare.ts";
import type { Group } from "./script/session.ts";

/** All cases. */
export const GROUPS: readonly Group[] = [
  handshake,
  framing,
  channel,
  exchange,
  queueDeclare,
  queueArguments,
];
