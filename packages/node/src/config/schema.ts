import { AUTH_CACHE, HTTP_BACKEND, LDAP_BACKEND, OAUTH2_BACKEND } from "./schema-auth-backends.ts";
import { CLUSTER } from "./schema-cluster.ts";
import { LIMITS, LISTENERS, TLS } from "./schema-connections.ts";
import type { ConfigSection } from "./schema-key.ts";
import { MANAGEMENT } from "./schema-management.ts";
import { EVENT_EXCHANGE, LOG, NODE, RESOURCES } from "./schema-node.ts";
import { PROMETHEUS } from "./schema-prometheus.ts";
import { AUTHENTICATION, DEFAULTS } from "./schema-users.ts";
import { WITHOUT_EFFECT } from "./schema-without-effect.ts";

/** All keys that are known, in the order of the documentation. */
export const CONFIG_SECTIONS: readonly ConfigSection[] = [
  LISTENERS,
  TLS,
  LIMITS,
  AUTHENTICATION,
  AUTH_CACHE,
  HTTP_BACKEND,
  LDAP_BACKEND,
  OAUTH2_BACKEND,
  DEFAULTS,
  RESOURCES,
  LOG,
  EVENT_EXCHANGE,
  NODE,
  CLUSTER,
  MANAGEMENT,
  PROMETHEUS,
  WITHOUT_EFFECT,
];
