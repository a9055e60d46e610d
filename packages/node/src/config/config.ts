import type { LogCategory, LogFormat, LogLevel } from "../logger.ts";

/** Everything that can be set, in one immutable value. Built by `loadConfig`, or by hand for embedding. */
export interface Config {
  readonly node: NodeConfig;
  readonly cluster: ClusterConfig;
  readonly listeners: ListenersConfig;
  /** undefined: no certificate is configured, so there can be no TLS listener. */
  readonly tls: TlsConfig | undefined;
  readonly limits: LimitsConfig;
  readonly auth: AuthConfig;
  readonly defaults: DefaultsConfig;
  readonly eventExchange: EventExchangeConfig;
  readonly alarms: AlarmsConfig;
  readonly log: LogConfig;
  /** Definitions files (RabbitMQ's JSON format), loaded at boot in this order. */
  readonly definitions: readonly string[];
  /** Not if they are what was loaded last. */
  readonly skipsUnchangedDefinitions: boolean;
  readonly management: ManagementConfig;
  readonly prometheus: PrometheusConfig;
  readonly product: ProductConfig;
  /** Configuration files that were read, in order of reading. */
  readonly files: readonly string[];
}

export interface NodeConfig {
  /** `rabbit@host`. */
  readonly name: string;
  /** undefined: named after the node. */
  readonly clusterName: string | undefined;
  /** undefined: nothing is stored. */
  readonly dataDir: string | undefined;
  readonly pidFile: string | undefined;
  readonly isDetached: boolean;
}

/** Other nodes, and the port by which they and the tools reach this one. */
export interface ClusterConfig {
  /** undefined: there is no cluster port. */
  readonly listener: ListenAddress | undefined;
  /** Given by flag or environment. undefined: that of the file. */
  readonly cookie: string | undefined;
  /** Made at the first start. undefined: there is none, as nothing is stored. */
  readonly cookieFile: string | undefined;
  /** undefined: plain TCP. */
  readonly tls: ClusterTlsConfig | undefined;
  /** `--peer`: addresses of nodes; a new node forms or joins their cluster. */
  readonly peers: readonly PeerAddress[];
  readonly formation: FormationConfig;
  /** Where it tells others of this host its port. undefined: as the environment says. */
  readonly runtimeDir: string | undefined;
  /** How often a start waits for the other members, and how long each time. */
  readonly bootRetryLimit: number;
  readonly bootRetryTimeoutMs: number;
  readonly onBootTimeout: "wait" | "exit";
  readonly queueLeaderLocator: "client-local" | "balanced";
}

/** A node and where its cluster port is. */
export interface PeerAddress {
  /** `rabbit@host`. */
  readonly name: string;
  readonly host: string;
  /** undefined: that of the node of this name if it runs on this host, or the usual one. */
  readonly port: number | undefined;
}

/** `cluster.tls.*`: both sides show a certificate. File names are absolute. */
export interface ClusterTlsConfig {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caCertFile: string;
}

/** `cluster_formation.*`: how a new node finds others, besides `--peer`. */
export interface FormationConfig {
  readonly nodes: readonly PeerAddress[];
  /** Host name whose addresses are those of the nodes. undefined: not by DNS. */
  readonly dnsHostname: string | undefined;
  /** undefined: as long as it takes. */
  readonly retryLimit: number | undefined;
  readonly retryIntervalMs: number;
  /** undefined: not known. */
  readonly targetSize: number | undefined;
}

/** Where to listen. `address` undefined: all interfaces, IPv6 and IPv4. `port` 0: any free port. */
export interface ListenAddress {
  readonly address: string | undefined;
  readonly port: number;
}

/** The HTTP API. */
export interface ManagementConfig {
  /** Empty: there is none. */
  readonly listeners: readonly ManagementListenerConfig[];
  /** What holds for all ports. */
  readonly http: ManagementHttpConfig;
}

/** A port of the HTTP API. Times are in milliseconds. */
export interface ManagementListenerConfig extends ListenAddress {
  /** undefined: plain HTTP. */
  readonly tls: TlsConfig | undefined;
  /** Nobody has asked for this port: if it cannot be had the node starts without it. */
  readonly isOptional: boolean;
  /** Until all of a request is there. */
  readonly requestTimeoutMs: number;
  /** Without anything on the wire. */
  readonly idleTimeoutMs: number;
  /** Requests on one connection. */
  readonly keepAliveRequestsMax: number;
}

/** The metrics. */
export interface PrometheusConfig {
  /** Empty: there are none. */
  readonly listeners: readonly ManagementListenerConfig[];
  /** `/metrics` */
  readonly path: string;
  /** `/metrics` has each object by itself instead of sums. */
  readonly isPerObject: boolean;
  /** Who reads them needs the tag monitoring. */
  readonly isAuthenticated: boolean;
  readonly isCompressed: boolean;
}

export interface ManagementHttpConfig {
  /** Before `/api` and all other paths: `/rabbit`. "": none. */
  readonly pathPrefix: string;
  /** Bytes of a request's body. */
  readonly bodySizeMax: number;
  /** Origins whose pages may use the API (`*`: all), and how long a browser may remember that. */
  readonly cors: { readonly allowOrigins: readonly string[]; readonly maxAgeSeconds: number };
  /** Of all answers, by name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly isCompressed: boolean;
}

export interface ListenersConfig {
  readonly tcp: readonly ListenAddress[];
  readonly tls: readonly ListenAddress[];
  /** Every connection starts with a PROXY protocol header, v1 or v2. */
  readonly hasProxyProtocol: boolean;
  /** From accept to connection.open-ok. undefined: no limit. */
  readonly handshakeTimeoutMs: number | undefined;
  readonly tlsHandshakeTimeoutMs: number;
  readonly backlog: number;
  readonly isNoDelay: boolean;
  readonly isKeepAlive: boolean;
}

/** `ssl_options.*`; see `tlsServerOptions`. File names are absolute. */
export interface TlsConfig {
  readonly caCertFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly password: string | undefined;
  readonly verify: "verify_none" | "verify_peer";
  readonly isPeerCertRequired: boolean;
  /** TLS versions to offer; empty: those of Node.js (1.2 and 1.3). */
  readonly versions: readonly TlsVersion[];
  /** In order of preference, OpenSSL's names; empty: those of Node.js. */
  readonly ciphers: readonly string[];
  readonly isCipherOrderHonored: boolean;
}

export type TlsVersion = "tlsv1" | "tlsv1.1" | "tlsv1.2" | "tlsv1.3";

/** undefined means: no limit. */
export interface LimitsConfig {
  /** Offered in connection.tune; 0: none. */
  readonly heartbeatSeconds: number;
  readonly frameMax: number;
  /** Largest frame before connection.tune-ok. */
  readonly initialFrameMax: number;
  /** Channels open at once on a connection; 0: no limit. */
  readonly channelMax: number;
  readonly channelMaxPerNode: number | undefined;
  readonly consumerMaxPerChannel: number | undefined;
  readonly connectionMax: number | undefined;
  readonly vhostMax: number | undefined;
  readonly queueMax: number | undefined;
  readonly maxMessageSize: number;
  /** How long a delivery may stay unacknowledged. undefined: as long as it likes (our default). */
  readonly consumerTimeoutMs: number | undefined;
}

export type PasswordHashing = "sha256" | "sha512" | "md5" | "scrypt";

/** Where users and permissions may be. */
export type BackendKind = "internal" | "http" | "ldap" | "oauth2" | "cache";

/** One entry of `auth_backends`: who authenticates, and who authorizes then. */
export interface BackendEntry {
  readonly authn: BackendKind;
  readonly authz: BackendKind;
}

/** `auth_cache.*`: what the cache is in front of. */
export interface AuthCacheConfig extends BackendEntry {
  readonly ttlMs: number;
  /** Refusals are remembered, too. */
  readonly hasRefusals: boolean;
}

/** TLS towards a service that is asked. File names are absolute. */
export interface ClientTlsConfig {
  readonly caCertFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly verify: "verify_none" | "verify_peer";
}

/** `auth_http.*`. */
export interface HttpAuthConfig {
  readonly method: "get" | "post";
  readonly userPath: string;
  readonly vhostPath: string;
  readonly resourcePath: string;
  readonly topicPath: string;
  readonly requestTimeoutMs: number;
  readonly tls: ClientTlsConfig;
}

/** As whom the directory is asked: as the user (with its password), as nobody, or as this one. */
export type LdapBindConfig =
  | "as_user"
  | "anon"
  | { readonly dn: string; readonly password: string };

/** `auth_ldap.*`. Patterns and queries are RabbitMQ's; see docs/security.md. */
export interface LdapConfig {
  /** Tried in this order. */
  readonly servers: readonly string[];
  readonly port: number;
  readonly poolSize: number;
  readonly timeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly usesTls: boolean;
  readonly usesStartTls: boolean;
  readonly tls: ClientTlsConfig;
  /** Name -> distinguished name. */
  readonly userDnPattern: string;
  /** Name -> what is bound as, if not the distinguished name. */
  readonly userBindPattern: string | undefined;
  /** Looks for the object of a user instead of making its name up. */
  readonly dnLookup:
    | { readonly attribute: string; readonly base: string; readonly bind: LdapBindConfig }
    | undefined;
  readonly otherBind: LdapBindConfig;
  /** Where groups within groups are looked for. */
  readonly groupLookupBase: string | undefined;
  readonly vhostQuery: string;
  readonly resourceQuery: string;
  readonly topicQuery: string;
  readonly tagQueries: string;
}

/** `auth_oauth2.*`. */
export interface OAuth2Config {
  /** What tokens have to be meant for (`aud`), and the beginning of scopes. */
  readonly resourceServerId: string;
  /** undefined: the resource server id and a dot. */
  readonly scopePrefix: string | undefined;
  readonly additionalScopesKeys: readonly string[];
  readonly scopeAliases: readonly { readonly alias: string; readonly scopes: readonly string[] }[];
  /** The first of these claims names the user. */
  readonly usernameClaims: readonly string[];
  readonly verifiesAudience: boolean;
  readonly requiresExpiry: boolean;
  readonly issuer: string | undefined;
  readonly jwksUrl: string | undefined;
  /** Files are PEM. */
  readonly signingKeys: readonly { readonly id: string; readonly file: string }[];
  readonly defaultKey: string | undefined;
  /** Empty: all that are signatures with a private key. */
  readonly algorithms: readonly string[];
  readonly tls: ClientTlsConfig;
}

/** `ssl_cert_login_*`: which part of a client's certificate is the name of the user (EXTERNAL). */
export interface CertificateLoginConfig {
  readonly from: "distinguished_name" | "common_name" | "subject_alternative_name";
  readonly sanType: "dns" | "ip" | "email" | "uri";
  /** Of the names of that type, from 0. */
  readonly sanIndex: number;
}

/** `event_exchange.*`. */
interface EventExchangeConfig {
  readonly isEnabled: boolean;
  /** undefined: the first one (`default_vhost`). */
  readonly vhost: string | undefined;
}

export interface AuthConfig {
  /** Asked in this order until one accepts. */
  readonly backends: readonly BackendEntry[];
  readonly cache: AuthCacheConfig;
  readonly http: HttpAuthConfig;
  readonly ldap: LdapConfig;
  readonly oauth2: OAuth2Config;
  readonly certificateLogin: CertificateLoginConfig;
  /** Failed logins of a name from an address within a minute, after which passwords are not looked at for a while. undefined: no limit. */
  readonly failedLoginsPerMinute: number | undefined;
  /** Attempts are counted by who tried from where, too. */
  readonly tracksAttemptSources: boolean;
  /** Offered in connection.start, in this order. */
  readonly mechanisms: readonly string[];
  /** Users that may connect from the loopback interface only. */
  readonly loopbackUsers: readonly string[];
  readonly passwordHashing: PasswordHashing;
  /** Rule for new passwords. */
  readonly credentialValidator:
    | { readonly kind: "accept_everything" }
    | { readonly kind: "min_password_length"; readonly minLength: number }
    | { readonly kind: "password_regexp"; readonly regexp: string };
}

/** Three regular expressions, as in set_permissions. */
export interface PermissionPatterns {
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

/** A user of `default_users.NAME.*`: made with the first vhost that matches, with permissions in all that do. */
export interface DefaultUser {
  readonly name: string;
  /** undefined: the user cannot log in with a password. */
  readonly password: string | undefined;
  readonly tags: readonly string[];
  readonly vhostPattern: string;
  readonly permissions: PermissionPatterns;
}

/** An operator policy put into each new vhost whose name matches (`default_policies.operator.ID.*`). */
export interface DefaultOperatorPolicy {
  readonly name: string;
  readonly vhostPattern: string;
  readonly queuePattern: string;
  readonly applyTo: string;
  /** Policy keys as in set_operator_policy: `max-length`, `message-ttl` (ms), ... */
  readonly definition: Readonly<Record<string, number | string | readonly string[]>>;
}

/** Limits put on each new vhost whose name matches (`default_limits.vhosts.ID.*`). */
export interface DefaultVhostLimits {
  readonly name: string;
  readonly pattern: string;
  readonly maxConnections: number | undefined;
  readonly maxQueues: number | undefined;
}

/** What an empty broker is filled with. */
export interface DefaultsConfig {
  readonly user: string;
  readonly password: string;
  readonly vhost: string;
  readonly userTags: readonly string[];
  readonly permissions: PermissionPatterns;
  readonly users: readonly DefaultUser[];
  readonly queueType: "classic" | "quorum";
  readonly operatorPolicies: readonly DefaultOperatorPolicy[];
  readonly vhostLimits: readonly DefaultVhostLimits[];
}

/** A part of the total memory, or bytes. */
export type ResourceLimit = { readonly relative: number } | { readonly absolute: number };

export interface AlarmsConfig {
  readonly memoryWatermark: ResourceLimit;
  /** Instead of the machine's (or control group's) memory, in bytes. */
  readonly totalMemoryOverride: number | undefined;
  readonly memoryMonitorIntervalMs: number;
  /** `relative` is relative to the total memory. undefined: not watched. */
  readonly diskFreeLimit: ResourceLimit | undefined;
}

export interface LogConfig {
  readonly isConsole: boolean;
  readonly consoleFd: 1 | 2;
  readonly consoleLevel: LogLevel;
  /** auto: pretty on a terminal, else JSON lines. */
  readonly consoleFormat: "auto" | LogFormat;
  /** undefined: no log file. */
  readonly file: string | undefined;
  readonly fileLevel: LogLevel;
  readonly fileFormat: LogFormat;
  /** Gets the lines of the category audit, as JSON; undefined: there is none. */
  readonly auditFile: string | undefined;
  readonly categoryLevels: Readonly<Partial<Record<LogCategory, LogLevel>>>;
}

/** Changes what the broker says of itself in connection.start; undefined: as it is. */
interface ProductConfig {
  readonly name: string | undefined;
  readonly version: string | undefined;
}
