import { hostname } from "node:os";

/** RabbitMQ's port between nodes and for tools. */
const DEFAULT_PORT = 25672;

/** A node as the user names it. */
export interface NodeAddress {
  /** `rabbit@host`, without a port. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** The name was given, so another node that answers is the wrong one. */
  readonly isNamed: boolean;
  /** The port was given with the name; otherwise a node of this host that has entered itself by the name knows better. */
  readonly hasPort: boolean;
}

/**
 * `NAME`, `NAME@HOST` or `NAME@HOST:PORT`; an address of IPv6 in brackets. What is missing: `rabbit`, this machine, and the port of the
 * environment (LEVERET_CLUSTER_PORT, RABBITMQ_DIST_PORT) or 25672. undefined: it is no name of a node.
 */
export function nodeAddress(
  given: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): NodeAddress | undefined {
  const text = given ?? nonEmpty(env["LEVERET_NODE_NAME"]) ?? nonEmpty(env["RABBITMQ_NODENAME"]);
  const match = PATTERN.exec(text ?? "rabbit");
  if (match === null) return undefined;
  const { name = "", host = ownHost(env), port } = match.groups ?? {};
  const bare = host.replace(/^\[|\]$/g, "");
  return {
    name: `${name}@${bare}`,
    host: bare,
    port: Number(port ?? portOf(env)),
    isNamed: text !== undefined,
    hasPort: port !== undefined,
  };
}

const PATTERN = /^(?<name>[^\s@:]+)(?:@(?<host>\[[^\]\s]+\]|[^\s@:]+)(?::(?<port>\d{1,5}))?)?$/;

/** Where to connect: a node on this machine may have a name that this machine cannot look up. */
export function hostsOf({ host }: NodeAddress): readonly string[] {
  const isHere = host === hostname() || host === shortHostName();
  return isHere ? ["localhost", host] : [host];
}

/** As a node of this environment names itself. */
function ownHost(env: Readonly<Record<string, string | undefined>>): string {
  const isLong = ["true", "1", "yes"].includes(env["RABBITMQ_USE_LONGNAME"] ?? "");
  return isLong ? hostname() : shortHostName();
}

/** As a node names itself when nobody says otherwise. */
function shortHostName(): string {
  return hostname().split(".")[0] ?? "localhost";
}

function portOf(env: Readonly<Record<string, string | undefined>>): string {
  const port = nonEmpty(env["LEVERET_CLUSTER_PORT"]) ?? nonEmpty(env["RABBITMQ_DIST_PORT"]);
  return port !== undefined && /^\d{1,5}$/.test(port) ? port : String(DEFAULT_PORT);
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
