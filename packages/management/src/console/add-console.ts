import type { Hono } from "hono";
import type { ManagedNode } from "../managed-node.ts";
import type { Environment } from "../server/environment.ts";
import type { ConsoleFiles } from "./console-files.ts";
import { addConsolePages } from "./console-pages.ts";
import { addSessionEndpoint } from "./session-endpoint.ts";
import type { SessionTable } from "./session-table.ts";

interface ConsoleParts {
  readonly node: Pick<ManagedNode, "access" | "control">;
  readonly sessions: SessionTable;
  /** Empty: only the sessions are there. */
  readonly consoleFiles: ConsoleFiles;
  readonly options: { readonly pathPrefix: string };
}

/** The console: its pages, and its logins. */
export function addConsole(app: Hono<Environment>, parts: ConsoleParts): void {
  const { node, sessions, consoleFiles, options } = parts;
  addSessionEndpoint(app, { node, sessions, pathPrefix: options.pathPrefix });
  addConsolePages(app, consoleFiles);
}
