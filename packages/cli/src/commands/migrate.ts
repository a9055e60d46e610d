import type { ChannelModel } from "amqplib";
import type { Caller } from "../caller.ts";
import { failed, UsageError } from "../cli-error.ts";
import { EXIT } from "../exit-code.ts";
import {
  type Destination,
  type MovedQueue,
  MoveError,
  moveQueue,
} from "../migration/move-queue.ts";
import { arg, type Command, type Input, type StreamItem } from "./command.ts";

const IMPERSONATOR = "impersonator";

/** Moves messages from another broker. The queues have to be here: definitions come first. */
export const MIGRATE: Command = {
  name: "migrate",
  group: "Operations",
  tools: ["rabbitmqctl"],
  usage: "[--vhost <vhost>] [--queue-pattern <pattern>] <source_uri> <target_uri>",
  summary: "Moves the messages of queues from another broker to the queues of the same names here",
  details: [
    [
      "<source_uri>",
      "of the other broker: amqp://user:password@host:port; the vhost is that of --vhost",
    ],
    ["<target_uri>", "of this broker, as a client would connect to it"],
    ["--queue-pattern", "only queues whose names match this regular expression"],
  ],
  count: [2, 2],
  options: ["queue-pattern"],
  needs: "running",
  check: (input) => {
    patternOf(input);
  },
  banner: ({ vhost }) => `Moving messages to queues in vhost ${vhost} ...`,
  run: async (input, caller) => {
    for (const uri of input.args) uriOf(uri, input.vhost);
    const queues = await queuesHere(input, caller);
    const isImpersonator = await mayImpersonate(userOf(arg(input, 1)), caller);
    return { kind: "stream", items: moved(queues, input, isImpersonator) };
  },
};

async function* moved(
  queues: readonly string[],
  { args, vhost }: Input,
  keepsUserId: boolean,
): AsyncIterable<StreamItem> {
  const [sourceUri = "", targetUri = ""] = args;
  const source = await connect(sourceUri, vhost);
  try {
    const connection = await connect(targetUri, vhost);
    const destination = { connection, user: userOf(targetUri), keepsUserId };
    try {
      for (const queue of queues) yield await moveOne(queue, source, destination);
    } finally {
      await closeQuietly(connection);
    }
  } finally {
    await closeQuietly(source);
  }
}

async function moveOne(
  queue: string,
  source: ChannelModel,
  destination: Destination,
): Promise<StreamItem> {
  try {
    const result = await moveQueue(queue, source, destination);
    return { text: `${queue}: ${resultText(result)}`, value: { queue, ...result } };
  } catch (error) {
    if (!(error instanceof MoveError))
      throw failed(EXIT.software, `queue '${queue}': ${textOf(error)}`);
    throw failed(EXIT.software, error.message);
  }
}

function resultText(result: MovedQueue | undefined): string {
  if (result === undefined) return "not there at the source";
  const { CC, user_id } = result.removed;
  const remarks = [
    CC > 0 ? `${CC} without their CC header, which would have sent copies` : undefined,
    user_id > 0
      ? `${user_id} without user_id, as the target's user lacks the tag ${IMPERSONATOR}`
      : undefined,
  ].filter((remark) => remark !== undefined);
  return [`${result.moved} moved`, ...remarks].join(", ");
}

/** Names of the durable queues of the vhost, sorted. */
async function queuesHere(input: Input, caller: Caller): Promise<string[]> {
  const pattern = patternOf(input);
  const names: string[] = [];
  const columns = ["name", "durable"];
  for await (const row of caller.stream("list_queues", { vhost: input.vhost, columns })) {
    const [name, durable] = row as readonly [string, boolean]; // As its handler sends it.
    if (durable && pattern.test(name)) names.push(name);
  }
  return names.sort();
}

async function mayImpersonate(user: string, caller: Caller): Promise<boolean> {
  for await (const row of caller.stream("list_users", { columns: ["user", "tags"] })) {
    const [name, tags] = row as readonly [string, readonly string[]]; // As its handler sends it.
    if (name === user) return tags.includes(IMPERSONATOR);
  }
  return false;
}

/** @throws UsageError */
function patternOf({ options }: Input): RegExp {
  const pattern = options["queue-pattern"] ?? "";
  const compiled = compile(pattern);
  if (compiled !== undefined) return compiled;
  throw new UsageError(EXIT.usage, `'${pattern}' is no regular expression.`);
}

function compile(pattern: string): RegExp | undefined {
  try {
    return new RegExp(pattern);
  } catch {
    return undefined;
  }
}

/** The vhost in the path of the URI. The text may have a password in it, so that the error does not repeat it. @throws CliError */
function uriOf(text: string, vhost: string): string {
  const uri = URL.canParse(text) ? new URL(text) : undefined;
  if (uri?.protocol !== "amqp:" && uri?.protocol !== "amqps:") {
    throw failed(EXIT.usage, "source and target are amqp:// or amqps:// addresses");
  }
  uri.pathname = `/${encodeURIComponent(vhost)}`;
  return uri.href;
}

function userOf(uri: string): string {
  return decodeURIComponent(new URL(uri).username) || "guest";
}

async function connect(uri: string, vhost: string): Promise<ChannelModel> {
  // Not needed by any other command.
  const { connect: dial } = await import("amqplib");
  try {
    const connection = await dial(uriOf(uri, vhost), { timeout: 10_000 });
    // What was under way fails by itself.
    connection.on("error", () => undefined);
    return connection;
  } catch (error) {
    throw failed(EXIT.unavailable, `${new URL(uri).host} cannot be used: ${textOf(error)}`);
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function closeQuietly(connection: ChannelModel): Promise<void> {
  try {
    await connection.close();
  } catch {
    // It is closed.
  }
}
