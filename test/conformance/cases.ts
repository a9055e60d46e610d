import { acknowledge } from "./cases/acknowledge.ts";
import { bind } from "./cases/bind.ts";
import { channel } from "./cases/channel.ts";
import { confirm } from "./cases/confirm.ts";
import { consume } from "./cases/consume.ts";
import { deadLetter } from "./cases/dead-letter.ts";
import { exchange } from "./cases/exchange.ts";
import { exchangePlugins } from "./cases/exchange-plugins.ts";
import { framing } from "./cases/framing.ts";
import { handshake } from "./cases/handshake.ts";
import { lengthLimit } from "./cases/length-limit.ts";
import { permissions } from "./cases/permissions.ts";
import { policies } from "./cases/policies.ts";
import { priority } from "./cases/priority.ts";
import { publish } from "./cases/publish.ts";
import { qos } from "./cases/qos.ts";
import { queueArguments } from "./cases/queue-arguments.ts";
import { queueDeclare } from "./cases/queue-declare.ts";
import { queueLifetime } from "./cases/queue-lifetime.ts";
import { quorum } from "./cases/quorum.ts";
import { replyTo } from "./cases/reply-to.ts";
import { routing } from "./cases/routing.ts";
import { singleActive } from "./cases/single-active.ts";
import { transaction } from "./cases/transaction.ts";
import { ttl } from "./cases/ttl.ts";
import type { Group } from "./script/session.ts";

/** All cases. */
export const GROUPS: readonly Group[] = [
  handshake,
  framing,
  channel,
  exchange,
  exchangePlugins,
  queueDeclare,
  queueArguments,
  bind,
  routing,
  publish,
  confirm,
  transaction,
  acknowledge,
  consume,
  qos,
  queueLifetime,
  replyTo,
  ttl,
  deadLetter,
  lengthLimit,
  priority,
  singleActive,
  quorum,
  permissions,
  policies,
];
