import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import {
  ControlClient,
  CookieFileError,
  cookieHash,
  DialError,
  findCookie,
  findLocalNode,
  type LocalNode,
  localNodes,
  type PortTls,
  readCookie,
} from "@leveret/control";
import { UnreachableError } from "./caller.ts";
import { hostsOf, type NodeAddress } from "./node-address.ts";
import type { Options } from "./options.ts";

/** To connect and prove the cookie. */
const CONNECT_MAX_SECONDS = 10;

type Environment = Readonly<Record<string, string | undefined>>;

/** Connects to the node and shows it the cookie. @throws UnreachableError with what was tried */
export async function connectNode(
  address: NodeAddress,
  options: Options,
  env: Environment,
): Promise<ControlClient> {
  const local = address.hasPort ? undefined : findLocalNode(address.name, env);
  const { value: cookie, problem } = cookieOf(options, env, local);
  if (cookie === undefined) throw new UnreachableError([problem]);
  const tls = tlsOf(options);
  const timeoutMs = Math.min(options.timeout ?? CONNECT_MAX_SECONDS, CONNECT_MAX_SECONDS) * 1000;
  const nodeName = `leveretctl-${process.pid}@${address.host}`;
  const port = local?.port ?? address.port;
  const problems: string[] = [];
  for (const host of placesOf(address, local)) {
    try {
      const place = { host, port, cookie, tls, timeoutMs, nodeName };
      return checked(await ControlClient.connect(place), { ...address, port }, cookie);
    } catch (error) {
      if (!(error instanceof DialError)) throw error;
      problems.push(error.message);
      if (!isWorthAnother(error)) break;
    }
  }
  throw new UnreachableError([...problems, ...whoIsHere(address, local, env)], {
    cookieHash: cookieHash(cookie),
  });
}

function placesOf(address: NodeAddress, local: LocalNode | undefined): readonly string[] {
  return local === undefined ? hostsOf(address) : [local.host ?? "localhost"];
}

/** As RabbitMQ tells what epmd knows. */
function whoIsHere(
  address: NodeAddress,
  local: LocalNode | undefined,
  env: Environment,
): readonly string[] {
  if (address.hasPort || local !== undefined) return [];
  const names = localNodes(env).map(({ name }) => name);
  const others = names.length === 0 ? "no other node runs here" : `here run: [${names.join(",")}]`;
  return [`node '${address.name}' does not run on this host; ${others}`];
}

/** Somebody else may answer at a port that was guessed. */
function checked(client: ControlClient, address: NodeAddress, cookie: string): ControlClient {
  const [wanted] = address.name.split("@");
  const [found] = client.nodeName.split("@");
  if (!address.isNamed || wanted === found) return client;
  client.close();
  throw new UnreachableError(
    [
      `connected to port ${address.port} on ${address.host}`,
      `node '${wanted}' not running there; the node that answers is ${client.nodeName}`,
      `suggestion: use -n ${client.nodeName}, or name the port of '${wanted}': -n ${address.name}:PORT`,
    ],
    { cookieHash: cookieHash(cookie) },
  );
}

/** Another address of the same host may be the one on which the node listens. */
function isWorthAnother(error: DialError): boolean {
  return error.code === "unreachable" || error.code === "timeout" || error.code === "closed";
}

/** A certificate of this tool, if the cluster uses TLS. @throws UnreachableError if it is not there as a whole */
function tlsOf(options: Options): PortTls | undefined {
  const names = ["tls-certfile", "tls-keyfile", "tls-cacertfile"] as const;
  if (names.every((name) => options[name] === undefined)) return undefined;
  const read = (name: (typeof names)[number]): Buffer => {
    try {
      return readFileSync(options[name] ?? "");
    } catch (error) {
      const reason = options[name] === undefined ? "is missing" : String(error);
      throw new UnreachableError([`--${name}: ${reason}`], { cause: error });
    }
  };
  return { cert: read("tls-certfile"), key: read("tls-keyfile"), ca: read("tls-cacertfile") };
}

interface FoundCookie {
  readonly value: string | undefined;
  /** Why there is none. */
  readonly problem: string;
}

function cookieOf(options: Options, env: Environment, local: LocalNode | undefined): FoundCookie {
  const files = cookieFiles(options, env, local);
  try {
    const value = options.cookie ?? options["erlang-cookie"];
    const environment = env["LEVERET_COOKIE"] ?? env["RABBITMQ_ERLANG_COOKIE"];
    const given = findCookie({ value, environment, file: files[0] ?? "" });
    const found = given ?? firstCookie(files.slice(1));
    return { value: found, problem: `no cookie was found; looked for: ${files.join(", ")}` };
  } catch (error) {
    if (!(error instanceof CookieFileError)) throw error;
    return { value: undefined, problem: error.message };
  }
}

/** In the order of looking. A file that is named has to be the one. */
function cookieFiles(
  options: Options,
  env: Environment,
  local: LocalNode | undefined,
): readonly string[] {
  const named = options["cookie-file"] ?? env["LEVERET_COOKIE_FILE"];
  if (named !== undefined) return [named];
  const dataDir = options["data-dir"] ?? env["LEVERET_DATA_DIR"];
  return [
    ...(dataDir === undefined || dataDir === "" ? [] : [join(dataDir, "cookie")]),
    ...(local?.cookieFile === undefined ? [] : [local.cookieFile]),
    join("data", "cookie"),
    join(env["HOME"] ?? homedir(), ".erlang.cookie"),
    "/var/lib/rabbitmq/.erlang.cookie",
  ];
}

function firstCookie(files: readonly string[]): string | undefined {
  for (const file of files) {
    const cookie = readCookie(file);
    if (cookie !== undefined) return cookie;
  }
  return undefined;
}
