import { existsSync } from "node:fs";
import nodeModule from "node:module";
import type { Tool } from "./commands/command.ts";

/** What either file of the program exports. */
interface Program {
  runMainProgram(tool: Tool): Promise<void>;
}

/** Node.js 22 and later can keep what they have compiled. */
interface CompileCache {
  enableCompileCache?(): unknown;
}

/**
 * Loads the program and runs it. Where the package was packed, it is one file beside this one (`npm run bundle`): that takes a third
 * less time to start than its seventy modules.
 */
export async function startTool(tool: Tool): Promise<void> {
  (nodeModule as CompileCache).enableCompileCache?.();
  const bundle = new URL("./bundle.js", import.meta.url);
  const program: Program = existsSync(bundle)
    ? ((await import(bundle.href)) as Program) // Made from main-program.ts.
    : await import("./main-program.ts");
  await program.runMainProgram(tool);
}
