import { ControlError } from "@leveret/control";
import { type Caller, UnreachableError } from "./caller.ts";
import { CliError, UsageError } from "./cli-error.ts";
import type { CliWorld } from "./cli-world.ts";
import type { Command, Input, Output, StreamItem } from "./commands/command.ts";
import { EXIT } from "./exit-code.ts";
import { explainRefusal } from "./explain-refusal.ts";
import { jsonTerm, termText } from "./formatters/erlang-term.ts";
import { type FormatterName, ROW_FORMATTERS } from "./formatters/format-rows.ts";
import { usageSection } from "./help.ts";
import { type NodeAddress, nodeAddress } from "./node-address.ts";
import { GENERAL_OPTIONS, type Options } from "./options.ts";
import { isOptionName, type Parsed } from "./parse-arguments.ts";
import { unreachableText } from "./unreachable-text.ts";

/** The node's answer to `node_state`. */
interface NodeState {
  readonly state: "stopped" | "starting" | "waiting" | "running";
}

/** One command line with a command in it: its checks, the node, what is printed, the exit code. */
export class CommandRun {
  readonly #command: Command;
  readonly #parsed: Parsed;
  readonly #argv: readonly string[];
  readonly #world: CliWorld;

  constructor(command: Command, parsed: Parsed, argv: readonly string[], world: CliWorld) {
    this.#command = command;
    this.#parsed = parsed;
    this.#argv = argv;
    this.#world = world;
  }

  async run(): Promise<number> {
    const { options } = this.#parsed;
    const address = nodeAddress(options.node, this.#world.env);
    const node = address?.name ?? options.node ?? "";
    try {
      const input = this.#check(node);
      if (address === undefined) {
        const reason = `operation ${this.#command.name} failed due to invalid node name (node: ${node})`;
        throw new CliError(EXIT.data, `Error: ${reason}`);
      }
      await this.#ask(input, address);
      return EXIT.ok;
    } catch (error) {
      return this.#fail(error, node);
    }
  }

  /** @throws UsageError */
  #check(node: string): Input {
    const { args, options, given, invalid } = this.#parsed;
    const command = this.#command;
    if (command.hasAnyOptions !== true) {
      const allowed = new Set<string>([...GENERAL_OPTIONS, ...(command.options ?? [])]);
      const wrong = given.filter((one) => !isOptionName(one.name) || !allowed.has(one.name));
      const problems = [...new Set([...wrong, ...invalid])];
      if (problems.length > 0) {
        const lines = problems.map(({ raw, value }) => `${raw} : ${value}`);
        throw new UsageError(EXIT.usage, `Invalid options for this command:\n${lines.join("\n")}`);
      }
    }
    formatterOf(options);
    const [least, most] = command.count;
    if (args.length < least) throw new UsageError(EXIT.usage, "not enough arguments.");
    if (args.length > most) throw new UsageError(EXIT.usage, "too many arguments.");
    const input: Input = {
      args,
      options,
      node,
      vhost: options.vhost ?? "/",
      timeoutMs: options.timeout === undefined ? undefined : options.timeout * 1000,
      program: this.#world.program,
      readLine: (prompt) => this.#world.readLine(prompt),
      say: async (line) => {
        if (!isQuiet(options)) await this.#world.out(`${line}\n`);
      },
      terminal: this.#world.terminal,
    };
    command.check?.(input);
    return input;
  }

  async #ask(input: Input, address: NodeAddress): Promise<void> {
    const command = this.#command;
    if (command.needs === "none") {
      await this.#announce(input);
      await this.#carryOut(input, NOBODY);
      return;
    }
    if (command.needs === "later") {
      await this.#announce(input);
      await this.#carryOut(input, this.#eachTime(input, address));
      return;
    }
    if (command.isBannerFirst === true) await this.#announce(input);
    const client = await this.#connect(input, address);
    try {
      const caller = withTimeout(client, input.timeoutMs);
      await this.#checkState(caller);
      if (command.isBannerFirst !== true) await this.#announce(input);
      await this.#carryOut(input, caller);
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      throw this.#translated(error, input);
    } finally {
      client.close();
    }
  }

  /** Connects for each call. */
  #eachTime(input: Input, address: NodeAddress): Caller {
    return {
      call: async (...args) => {
        const client = await this.#connect(input, address);
        try {
          return await client.call(...args);
        } finally {
          client.close();
        }
      },
      stream: NOBODY.stream,
    };
  }

  async #connect(input: Input, address: NodeAddress): Promise<Caller & { close(): void }> {
    try {
      return await this.#world.connect(address, input.options);
    } catch (error) {
      const own =
        error instanceof UnreachableError
          ? this.#command.explain?.("not_connected", error.message, input)
          : undefined;
      throw own ?? error;
    }
  }

  /** RabbitMQ looks before it says anything. @throws AppStateError */
  async #checkState(caller: Caller): Promise<void> {
    const { needs } = this.#command;
    if (needs === "any") return;
    const { state } = (await caller.call("node_state", {})) as NodeState; // As its handler sends it.
    if (needs === "running" && state !== "running") throw new AppStateError("app_not_running");
    if (needs === "stopped" && state === "running") throw new AppStateError("app_running");
  }

  #translated(error: ControlError, input: Input): Error {
    const { code, message } = error;
    if (code === "disconnected") return new UnreachableError([message]);
    const own = this.#command.explain?.(code, message, input);
    if (own === undefined && isAppState(code)) return new AppStateError(code);
    return own ?? explainRefusal(this.#command, input, error);
  }

  async #announce(input: Input): Promise<void> {
    const { options } = input;
    const warning = this.#command.warn?.(input);
    if (warning !== undefined) this.#world.error(`${warning}\n`);
    if (isQuiet(options)) return;
    const banner = this.#command.banner?.(input);
    if (banner !== undefined) await this.#world.out(`${banner}\n`);
  }

  async #carryOut(input: Input, caller: Caller): Promise<void> {
    const output = await this.#command.run(input, caller);
    const formatter = formatterOf(input.options);
    if (output.kind === "rows") await this.#showRows(output, input, formatter);
    else if (output.kind === "stream") await this.#showStream(output.items, formatter);
    else await this.#showText(output, input, formatter);
  }

  async #showRows(
    output: Output & { readonly kind: "rows" },
    { options }: Input,
    asked: FormatterName | undefined,
  ): Promise<void> {
    const { columns, rows, isBare = false } = output;
    const isHeadless = isBare || options["table-headers"] === false || options.silent === true;
    const format = ROW_FORMATTERS[asked ?? output.formatter ?? "table"];
    for await (const piece of format({ columns, rows, hasHeader: !isHeadless })) {
      await this.#world.out(piece);
    }
  }

  async #showStream(
    items: AsyncIterable<StreamItem>,
    formatter: FormatterName | undefined,
  ): Promise<void> {
    for await (const { text, value } of items) {
      await this.#world.out(`${formatter === "json" ? JSON.stringify(value) : text}\n`);
    }
  }

  async #showText(
    output: Extract<Output, { readonly kind: "none" | "text" }>,
    { node }: Input,
    formatter: FormatterName | undefined,
  ): Promise<void> {
    const { out } = this.#world;
    if (formatter === "json") {
      const message = output.kind === "text" ? { message: output.text } : {};
      const frame = { ...message, node, result: "ok" };
      const value = output.kind === "text" ? (output.value ?? frame) : frame;
      await out(`${JSON.stringify(value)}\n`);
    } else if (output.kind === "text" && output.value !== undefined && formatter === "erlang") {
      await out(`${termText(jsonTerm(output.value))}\n`);
    } else if (output.kind === "text") {
      await out(`${output.text}\n`);
    }
  }

  /** Says what went wrong; gives the exit code. */
  #fail(error: unknown, node: string): number {
    const world = this.#world;
    if (error instanceof UsageError) {
      world.error(this.#withUsage(`Error (argument validation): ${error.message}`));
      return error.exitCode;
    }
    if (error instanceof AppStateError) {
      world.error(this.#withUsage(appStateText(error.code)));
      return EXIT.usage;
    }
    if (error instanceof UnreachableError) {
      world.error(`${unreachableText(node, error)}\n`);
      return EXIT.unavailable;
    }
    if (!(error instanceof CliError)) throw error;
    if (this.#parsed.options.formatter === "json") {
      const message = error.text.replace(/^Error:\s*/, "");
      world.error(`${JSON.stringify({ message, node, result: "error" })}\n`);
    } else {
      world.error(`${error.text}\n`);
    }
    return error.exitCode;
  }

  #withUsage(text: string): string {
    const { program } = this.#world;
    const given = `Arguments given:\n\t${this.#argv.join(" ")}`;
    return `${text}\n${given}\n\n${usageSection(program, this.#command)}\n`;
  }
}

/** The node's app is not in the state that the command needs. */
class AppStateError extends Error {
  override readonly name = "AppStateError";
  readonly code: "app_running" | "app_not_running";

  constructor(code: AppStateError["code"]) {
    super(code);
    this.code = code;
  }
}

function isAppState(code: string): code is AppStateError["code"] {
  return code === "app_running" || code === "app_not_running";
}

function appStateText(code: AppStateError["code"]): string {
  const what = (wanted: string, verb: string, command: string): string =>
    `Error: this command requires the 'rabbit' app to be ${wanted} on the target node. ${verb} it with 'rabbitmqctl ${command}'.`;
  return code === "app_running"
    ? what("stopped", "Stop", "stop_app")
    : what("running", "Start", "start_app");
}

/** Nothing but the result is to be shown. @throws UsageError */
function isQuiet(options: Options): boolean {
  if (options.quiet === true || options.silent === true) return true;
  return ["json", "csv"].includes(formatterOf(options) ?? "");
}

/** @throws UsageError */
function formatterOf({ formatter }: Options): FormatterName | undefined {
  if (formatter === undefined) return undefined;
  if (isFormatter(formatter)) return formatter;
  const names = Object.keys(ROW_FORMATTERS).join(", ");
  throw new UsageError(EXIT.usage, `there is no formatter '${formatter}'; there are: ${names}`);
}

function isFormatter(name: string): name is FormatterName {
  return Object.hasOwn(ROW_FORMATTERS, name);
}

/** --timeout counts for every call, unless the command has its own way of waiting. */
function withTimeout(client: Caller, timeoutMs: number | undefined): Caller {
  if (timeoutMs === undefined) return client;
  return {
    call: (method, params, options) => client.call(method, params, { timeoutMs, ...options }),
    stream: (method, params, options) => client.stream(method, params, { timeoutMs, ...options }),
  };
}

/** For commands that ask no node. */
const NOBODY: Caller = {
  call: () => Promise.reject(new Error("this command asks no node")),
  stream: () => {
    throw new Error("this command asks no node");
  },
};
