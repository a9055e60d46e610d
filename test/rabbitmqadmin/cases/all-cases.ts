import { BINDINGS } from "./binding-cases.ts";
import type { Group } from "./case.ts";
import { CLIENTS } from "./client-cases.ts";
import { DEFINITIONS } from "./definition-cases.ts";
import { EXCHANGES } from "./exchange-cases.ts";
import { HELP } from "./help-cases.ts";
import { MESSAGES } from "./message-cases.ts";
import { QUEUES } from "./queue-cases.ts";
import { RIGHTS } from "./right-cases.ts";
import { SETTINGS } from "./setting-cases.ts";
import { USERS } from "./user-cases.ts";
import { VHOSTS } from "./vhost-cases.ts";

/** In the order in which they run: each builds upon those before. */
export const GROUPS: readonly Group[] = [
  HELP,
  VHOSTS,
  USERS,
  EXCHANGES,
  QUEUES,
  BINDINGS,
  MESSAGES,
  SETTINGS,
  CLIENTS,
  DEFINITIONS,
  RIGHTS,
];
