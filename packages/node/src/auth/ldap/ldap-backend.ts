import { InvalidCredentialsError } from "ldapts";
import type { LdapConfig } from "../../config/config.ts";
import { ConfigError } from "../../config/config-error.ts";
import {
  type AuthBackend,
  type BackendAnswer,
  BackendError,
  type Credentials,
  faultOf,
  type Grant,
  refusedBy,
} from "../auth-backend.ts";
import { clientTlsOptions } from "../client-tls.ts";
import { evaluate } from "./evaluate.ts";
import { fillDn, fillText, userVariables } from "./fill-pattern.ts";
import { LdapDirectory } from "./ldap-directory.ts";
import { type LdapBind, LdapPool } from "./ldap-pool.ts";
import {
  parseQuery,
  parseTagQueries,
  type Query,
  QueryError,
  type QueryVariables,
  type TagQueries,
} from "./query.ts";

const NAME = "rabbit_auth_backend_ldap";

/** A user who is known to the directory. */
interface LdapUser {
  readonly username: string;
  readonly dn: string;
  /** As whom questions about the user are asked. */
  readonly bind: LdapBind;
}

/**
 * Users and groups of an LDAP directory (RabbitMQ: rabbit_auth_backend_ldap): a login is a bind as that user; tags and permissions are
 * questions to the directory, written in the configuration.
 */
export class LdapBackend implements AuthBackend {
  readonly name: string = NAME;
  readonly #config: LdapConfig;
  readonly #pool: LdapPool;
  readonly #vhostQuery: Query;
  readonly #resourceQuery: Query;
  readonly #topicQuery: Query;
  readonly #tagQueries: TagQueries;

  /** @throws ConfigError */
  constructor(config: LdapConfig) {
    this.#config = config;
    this.#vhostQuery = read("vhost_access", () => parseQuery(config.vhostQuery));
    this.#resourceQuery = read("resource_access", () => parseQuery(config.resourceQuery));
    this.#topicQuery = read("topic_access", () => parseQuery(config.topicQuery));
    this.#tagQueries = read("tags", () => parseTagQueries(config.tagQueries));
    const scheme = config.usesTls ? "ldaps" : "ldap";
    this.#pool = new LdapPool({
      urls: config.servers.map((server) => `${scheme}://${hostOf(server)}:${config.port}`),
      size: config.poolSize,
      timeoutMs: config.timeoutMs,
      idleTimeoutMs: config.idleTimeoutMs,
      tls: clientTlsOptions(config.tls, "auth_ldap.ssl_options"),
      usesStartTls: config.usesStartTls,
    });
  }

  async authenticate(credentials: Credentials): Promise<BackendAnswer> {
    const { username, password } = credentials;
    if (password === undefined) return this.authorize(credentials);
    // A bind without a password succeeds as nobody (RFC 4513, 5.1.2).
    if (password === "") return refusedBy(`user '${username}' - unauthenticated bind not allowed`);
    const variables = userVariables(username);
    const found = this.#looksUpBefore ? await this.#lookUp(variables, this.#lookupBind) : undefined;
    const dn = found ?? fillDn(this.#config.userDnPattern, variables);
    const { userBindPattern } = this.#config;
    const bindName = userBindPattern === undefined ? dn : fillText(userBindPattern, variables);
    const own = { dn: bindName, password };
    if (!(await this.#canBind(own))) return refusedBy(`user '${username}' - invalid credentials`);
    const isLookedUpNow = this.#config.dnLookup?.bind === "as_user";
    const userDn = isLookedUpNow ? ((await this.#lookUp(variables, own)) ?? dn) : dn;
    return this.#answer({ username, dn: userDn, bind: this.#otherBind(own) });
  }

  /** Without a password: `other_bind` has to be somebody. */
  async authorize({ username }: Credentials): Promise<BackendAnswer> {
    if (this.#config.otherBind === "as_user") {
      throw new BackendError(NAME, "auth_ldap.other_bind is as_user, but there is no password");
    }
    const variables = userVariables(username);
    const bind = this.#otherBind(undefined);
    const found =
      this.#config.dnLookup === undefined ? undefined : await this.#lookUp(variables, bind);
    const dn = found ?? fillDn(this.#config.userDnPattern, variables);
    const isThere = await this.#ask(bind, (directory) => directory.exists(dn));
    if (!isThere) return refusedBy(`user '${username}' - not found by LDAP`);
    return this.#answer({ username, dn, bind });
  }

  close(): void {
    this.#pool.close();
  }

  get #looksUpBefore(): boolean {
    const { dnLookup } = this.#config;
    return dnLookup !== undefined && dnLookup.bind !== "as_user";
  }

  get #lookupBind(): LdapBind {
    const bind = this.#config.dnLookup?.bind;
    return typeof bind === "object" ? bind : undefined;
  }

  #otherBind(own: LdapBind): LdapBind {
    const { otherBind } = this.#config;
    if (otherBind === "as_user") return own;
    return otherBind === "anon" ? undefined : otherBind;
  }

  async #canBind(own: LdapBind): Promise<boolean> {
    try {
      await this.#pool.with(own, async () => undefined, true);
      return true;
    } catch (error) {
      if (error instanceof InvalidCredentialsError) return false;
      throw faultOf(NAME, error);
    }
  }

  /** The name of the one object that has the user's name; undefined: there is none, or several. */
  async #lookUp(variables: QueryVariables, bind: LdapBind): Promise<string | undefined> {
    const { dnLookup, userDnPattern } = this.#config;
    if (dnLookup === undefined) return undefined;
    const wanted = fillText(userDnPattern, variables);
    const { base, attribute } = dnLookup;
    const found = await this.#ask(bind, (directory) =>
      directory.objectsWith(base, attribute, wanted),
    );
    return found.length === 1 ? found[0] : undefined;
  }

  async #answer(user: LdapUser): Promise<BackendAnswer> {
    const tags: string[] = [];
    for (const { tag, query } of this.#tagQueries) {
      if (await this.#evaluate(query, user, {})) tags.push(tag);
    }
    return { ok: true, username: user.username, tags, grant: this.#grant(user) };
  }

  #grant(user: LdapUser): Grant {
    return {
      backend: NAME,
      expiresAtMs: undefined,
      allowsVhost: (vhost) => this.#evaluate(this.#vhostQuery, user, { vhost }),
      allowsResource: ({ vhost, kind, name, access }) =>
        this.#evaluate(this.#resourceQuery, user, {
          vhost,
          resource: kind,
          name,
          permission: access,
        }),
      allowsTopic: ({ vhost, exchange, access, routingKey }) =>
        this.#evaluate(this.#topicQuery, user, {
          vhost,
          resource: "topic",
          name: exchange,
          permission: access,
          routing_key: routingKey,
        }),
    };
  }

  #evaluate(
    query: Query,
    { username, dn, bind }: LdapUser,
    more: QueryVariables,
  ): Promise<boolean> {
    if (query.type === "constant") return Promise.resolve(query.value);
    const variables = { ...userVariables(username), user_dn: dn, ...more };
    const { groupLookupBase } = this.#config;
    const context = { userDn: dn, variables, groupLookupBase };
    return this.#ask(bind, (directory) => evaluate(query, context, directory));
  }

  /** @throws BackendError */
  async #ask<T>(bind: LdapBind, question: (directory: LdapDirectory) => Promise<T>): Promise<T> {
    try {
      return await this.#pool.with(bind, (client) => question(new LdapDirectory(client)));
    } catch (error) {
      throw faultOf(NAME, error);
    }
  }
}

/** IPv6 addresses need brackets in a URL. */
function hostOf(server: string): string {
  return server.includes(":") && !server.startsWith("[") ? `[${server}]` : server;
}

/** @throws ConfigError */
function read<T>(key: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    throw new ConfigError([`auth_ldap.queries.${key}: ${error.message}`], { cause: error });
  }
}
