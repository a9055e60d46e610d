import type { AccessKind } from "../auth-backend.ts";
import { matchesWildcard } from "./wildcard.ts";

/** `read:vhost/name` or `write:vhost/exchange/routing-key`, each part with wildcards. */
export interface ScopePermission {
  readonly access: AccessKind;
  readonly vhost: string;
  readonly name: string;
  /** undefined: it says nothing of topics. */
  readonly routingKey: string | undefined;
}

/** What a token's scopes mean here. */
export interface TokenScopes {
  readonly permissions: readonly ScopePermission[];
  readonly tags: readonly string[];
}

export interface ScopeSettings {
  /** Only scopes that begin so are meant for this broker: `rabbitmq.`. */
  readonly prefix: string;
  readonly resourceServerId: string;
  /** Claims besides `scope` that hold scopes, such as `extra.roles`. */
  readonly additionalKeys: readonly string[];
  /** What a scope of another language stands for. */
  readonly aliases: ReadonlyMap<string, readonly string[]>;
}

export type Claims = Readonly<Record<string, unknown>>;

/** Scopes that are looked at; tokens with more are refused. */
const SCOPES_MAX = 2048;
const TAG_PREFIX = "tag:";
const ACCESS_KINDS: readonly AccessKind[] = ["configure", "write", "read"];
/** Where Keycloak puts the scopes of a requesting party token. */
const PERMISSION_SCOPES = "authorization.permissions.scopes";

/** The scopes for this broker, without their prefix; undefined: there are too many. */
export function scopesOf(claims: Claims, settings: ScopeSettings): TokenScopes | undefined {
  const { prefix, additionalKeys, aliases } = settings;
  const given = [
    ...scopeList(claims["scope"], settings),
    ...[PERMISSION_SCOPES, ...additionalKeys].flatMap((path) =>
      valuesAt(claims, path.split(".")).flatMap((value) => scopeList(value, settings)),
    ),
  ];
  const all = new Set([...given, ...given.flatMap((scope) => aliases.get(scope) ?? [])]);
  const own = [...all].filter((scope) => scope.startsWith(prefix));
  if (own.length > SCOPES_MAX) return undefined;
  const bare = own.map((scope) => withVariables(scope.slice(prefix.length), claims));
  return {
    permissions: bare.flatMap((scope) => permissionOf(scope) ?? []),
    tags: bare
      .filter((scope) => scope.startsWith(TAG_PREFIX))
      .map((scope) => scope.slice(TAG_PREFIX.length)),
  };
}

/** Any permission in the vhost opens it. */
export function allowsVhost(permissions: readonly ScopePermission[], vhost: string): boolean {
  return permissions.some((permission) => matchesVhost(permission, vhost));
}

export function allowsResource(
  permissions: readonly ScopePermission[],
  {
    vhost,
    access,
    name,
  }: { readonly vhost: string; readonly access: AccessKind; readonly name: string },
): boolean {
  return permissions.some(
    (permission) =>
      permission.access === access &&
      matchesVhost(permission, vhost) &&
      matchesWildcard(forVhost(permission.name, vhost), name),
  );
}

/** Only scopes that name a routing key allow one (RabbitMQ). */
export function allowsTopic(
  permissions: readonly ScopePermission[],
  question: {
    readonly vhost: string;
    readonly access: AccessKind;
    readonly exchange: string;
    readonly routingKey: string;
  },
): boolean {
  const { vhost, access, exchange, routingKey } = question;
  return permissions.some(
    (permission) =>
      permission.routingKey !== undefined &&
      permission.access === access &&
      matchesVhost(permission, vhost) &&
      matchesWildcard(forVhost(permission.name, vhost), exchange) &&
      matchesWildcard(forVhost(permission.routingKey, vhost), routingKey),
  );
}

function matchesVhost(permission: ScopePermission, vhost: string): boolean {
  return matchesWildcard(forVhost(permission.vhost, vhost), vhost);
}

/** A list, a text with blanks, or lists by resource server. */
function scopeList(value: unknown, settings: ScopeSettings): readonly string[] {
  if (typeof value === "string") return value.split(" ").filter((scope) => scope !== "");
  if (Array.isArray(value)) return value.filter((scope) => typeof scope === "string");
  if (typeof value !== "object" || value === null) return [];
  const { resourceServerId, prefix } = settings;
  const own = new Map(Object.entries(value)).get(resourceServerId);
  return scopeList(own, settings).map((scope) => `${prefix}${scope}`);
}

/** What is found in objects, and in the objects of lists, along the path. */
function valuesAt(value: unknown, path: readonly string[]): readonly unknown[] {
  const [key, ...others] = path;
  if (key === undefined) return [value];
  if (Array.isArray(value)) return value.flatMap((item) => valuesAt(item, path));
  if (typeof value !== "object" || value === null) return [];
  const entries = new Map<string, unknown>(Object.entries(value));
  return entries.has(key) ? valuesAt(entries.get(key), others) : [];
}

function permissionOf(scope: string): ScopePermission | undefined {
  const access = ACCESS_KINDS.find((kind) => scope.startsWith(`${kind}:`));
  if (access === undefined) return undefined;
  const [vhost, name, routingKey, ...more] = scope.slice(access.length + 1).split("/");
  if (vhost === undefined || name === undefined || more.length > 0) return undefined;
  return { access, vhost, name, routingKey };
}

/** `{sub}` and other claims of text. Their `*` and `/` mean nothing: nobody widens a scope by a name. */
function withVariables(scope: string, claims: Claims): string {
  return scope.replace(/\{([^{}]+)\}/g, (whole, name: string) => {
    const value = name === "vhost" ? undefined : new Map(Object.entries(claims)).get(name);
    return typeof value === "string" ? literal(value) : whole;
  });
}

function forVhost(pattern: string, vhost: string): string {
  return pattern.replaceAll("{vhost}", () => literal(vhost));
}

function literal(text: string): string {
  return encodeURIComponent(text).replaceAll("*", "%2A");
}
