import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Caller } from "../caller.ts";
import { failed, UsageError } from "../cli-error.ts";
import { EXIT } from "../exit-code.ts";
import { arg, type Command, type Input, NOTHING } from "./command.ts";

/** Bytes of a document that fit in one call; a node loads larger ones by itself. */
const IMPORT_SIZE_MAX = 15_728_640;
const STDIO = "-";

export const DEFINITIONS_COMMANDS: readonly Command[] = [
  {
    name: "export_definitions",
    group: "Configuration and Environment",
    tools: ["rabbitmqctl"],
    usage: '[--vhost <vhost>] <file_path | "-"> [--format <json>]',
    summary: "Writes definitions (users, vhosts, permissions, policies, queues, ...) to a file",
    details: [
      ["<file_path>", "on this machine; - is stdout"],
      ["--vhost", "only what is in this vhost, for import into any vhost; without it, everything"],
    ],
    count: [1, 1],
    options: ["format"],
    needs: "running",
    check: (input) => {
      checkFormat(input);
      checkPath(input, "Directory");
    },
    banner: (input) =>
      arg(input, 0) === STDIO
        ? undefined
        : `Exporting definitions in JSON to a file at "${arg(input, 0)}" ...`,
    run: async (input, caller) => {
      const text = await exportText(caller, input.options.vhost);
      const path = arg(input, 0);
      if (path === STDIO) return { kind: "text", text, value: JSON.parse(text) };
      // Password hashes are in it.
      await withFile(path, () => writeFile(path, text, { mode: 0o600 }));
      return NOTHING;
    },
  },
  {
    name: "import_definitions",
    group: "Configuration and Environment",
    tools: ["rabbitmqctl"],
    usage: "[--vhost <vhost>] [<file_path>] [--format <json>] [--skip-if-unchanged]",
    summary: "Adds definitions from a file, or from stdin, to what there is",
    details: [
      ["<file_path>", "on this machine; without it, stdin is read"],
      [
        "--vhost",
        "into this vhost, whatever the document says; users and permissions are left out",
      ],
      ["--skip-if-unchanged", "does nothing if the same document was the last one imported so"],
    ],
    count: [0, 1],
    options: ["format", "skip-if-unchanged"],
    needs: "running",
    check: (input) => {
      checkFormat(input);
      checkPath(input, "File");
    },
    banner: (input) =>
      isStdin(input)
        ? "Importing definitions in JSON from standard input ..."
        : `Importing definitions in JSON from a file at "${arg(input, 0)}" ...`,
    run: async (input, caller) => {
      const path = arg(input, 0);
      const json = isStdin(input)
        ? await readAll(input)
        : await withFile(path, () => readFile(path, "utf8"));
      if (Buffer.byteLength(json) > IMPORT_SIZE_MAX) {
        const instead = "have the node load it when it starts (load_definitions, --definitions)";
        throw failed(EXIT.data, `the document is larger than ${IMPORT_SIZE_MAX} bytes: ${instead}`);
      }
      const { vhost, "skip-if-unchanged": skipIfUnchanged } = input.options;
      const outcome = await caller.call("import_definitions", {
        json,
        ...(vhost === undefined ? {} : { vhost }),
        ...(skipIfUnchanged === true ? { skipIfUnchanged } : {}),
      });
      const text =
        outcome === "unchanged"
          ? "Definitions are those that were imported last: nothing was done"
          : "Successfully imported definitions";
      return { kind: "text", text };
    },
    explain: (code, message) =>
      code === "validation_failed" ? failed(EXIT.data, message) : undefined,
  },
];

/** @throws UsageError */
function checkFormat({ options: { format = "json" } }: Input): void {
  if (format.toLowerCase() === "json") return;
  const isErlang = format.toLowerCase() === "erlang";
  const why = isErlang ? "Format erlang is not supported, use json" : FORMATS;
  throw new UsageError(EXIT.data, `Bad argument: ${why}`);
}

const FORMATS = "Format should be either json or erlang";

/** @throws UsageError in RabbitMQ's words if there is no such file, or no folder for a new one */
function checkPath(input: Input, what: "File" | "Directory"): void {
  const path = arg(input, 0);
  if (path === "" || path === STDIO) return;
  const wanted = what === "File" ? path : dirname(path);
  if (!existsSync(wanted)) {
    throw new UsageError(EXIT.data, `Bad argument: ${what} ${wanted} does not exist`);
  }
}

function isStdin(input: Input): boolean {
  const path = arg(input, 0);
  return path === "" || path === STDIO;
}

async function exportText(caller: Caller, vhost: string | undefined): Promise<string> {
  let text = "";
  const params = vhost === undefined ? {} : { vhost };
  // Pieces of one text, as the node's handler sends them.
  for await (const piece of caller.stream("export_definitions", params)) text += String(piece);
  return text;
}

async function readAll(input: Input): Promise<string> {
  const lines: string[] = [];
  for (;;) {
    const line = await input.readLine("");
    if (line === undefined) return lines.join("\n");
    lines.push(line);
  }
}

/** @throws CliError that names the file */
async function withFile<T>(path: string, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw failed(EXIT.data, `file ${path}: ${why}`);
  }
}
