import type * as v from "valibot";
import type { ManagedNode } from "../managed-node.ts";
import type { Identity } from "../model/identity.ts";

/**
 * Who may use a route. "anyone": without a login. "user": with any of the tags management, policymaker, monitoring, administrator. The other
 * words ask for more: "vhost": permissions in the vhost that the path names; "visible vhost": those, or the tag monitoring;
 * "vhost policymaker": the tag policymaker, and permissions in the vhost. What depends on the object itself (whose connection it is) is
 * checked by the handler: see `requireOwner`.
 */
export type WhoMay =
  | "anyone"
  | "user"
  | "monitoring"
  | "policymaker"
  | "administrator"
  | "vhost"
  | "visible vhost"
  | "vhost policymaker";

type Method = "GET" | "PUT" | "POST" | "DELETE";

/** `{name}`s of a path, each one percent-decoded segment. */
type PathParams<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? { readonly [Key in Name | keyof PathParams<Rest>]: string }
  : unknown;

/** A request that has passed: the user may, and the body has the form that the route asks for. */
export interface ApiRequest<Params = unknown, Body = undefined> {
  readonly node: ManagedNode;
  readonly user: Identity;
  readonly params: Params;
  /** As sent, decoded. A name that is there twice counts once: the first. */
  readonly query: URLSearchParams;
  readonly headers: Headers;
  /** Of the TCP connection, as in `socket.remoteAddress`. */
  readonly remoteAddress: string;
  readonly body: Body;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
}

/** What the audit log says of a request. */
export interface AuditEntry {
  /** As the command line calls it: `purge_queue`. */
  readonly action: string;
  /** What of the body is shown besides the parameters of the path. Nothing that may be a secret. */
  readonly shows?: readonly string[];
}

/** A body as it came: for what is not JSON, or is checked elsewhere. */
export interface RawBody {
  readonly bytes: Buffer;
  readonly contentType: string;
}

export type BodySchema<Body> = v.GenericSchema<unknown, Body>;

interface RouteBase<Path extends string> {
  readonly method: Method;
  /** Below /api, from `/`: `/queues/{vhost}/{name}`. A slash at the end of a request's path is ignored. */
  readonly path: Path;
  readonly may: WhoMay;
  /** A sentence for the OpenAPI document. */
  readonly summary: string;
  /** Query parameters, for the OpenAPI document; `LIST_QUERY` of lists. */
  readonly query?: readonly string[];
  /** It does something that is no change of metadata (those are written down where they are made), or shows messages or secrets. */
  readonly audit?: AuditEntry;
}

interface RouteWithoutBody<Path extends string> extends RouteBase<Path> {
  readonly body?: undefined;
  handle(request: ApiRequest<PathParams<Path>>): Response | Promise<Response>;
}

interface RouteWithBody<Path extends string, Body> extends RouteBase<Path> {
  /**
   * The body is JSON, whatever its content type says (RabbitMQ), an empty one counts as `{}`, and is given to the handler as the schema makes
   * it. Keys that it requires and that are missing are answered as `[{key_missing,NAME}]`.
   */
  readonly body: BodySchema<Body>;
  handle(request: ApiRequest<PathParams<Path>, Body>): Response | Promise<Response>;
}

interface RouteWithRawBody<Path extends string> extends RouteBase<Path> {
  readonly body: "raw";
  handle(request: ApiRequest<PathParams<Path>, RawBody>): Response | Promise<Response>;
}

/** One method of one path, as data: the router, the OpenAPI document and the permission test are made from a list of them. */
export interface Route extends RouteBase<string> {
  readonly body?: BodySchema<unknown> | "raw" | undefined;
  handle(
    request: ApiRequest<Readonly<Record<string, string>>, unknown>,
  ): Response | Promise<Response>;
}

/** Routes by topic, in the order of the API's documentation. */
export type RouteTopics = Readonly<Record<string, readonly Route[]>>;

/** Makes an entry for a list of routes, with the handler's types from path and schema. */
export function route<const Path extends string>(entry: RouteWithoutBody<Path>): Route;
export function route<const Path extends string>(entry: RouteWithRawBody<Path>): Route;
export function route<const Path extends string, Body>(entry: RouteWithBody<Path, Body>): Route;
export function route(entry: unknown): Route {
  // The router gives each handler the parameters of its own path, and the output of its own schema.
  return entry as Route;
}
