import { CliError, failed } from "./cli-error.ts";
import type { Command, Input } from "./commands/command.ts";
import { arg } from "./commands/command.ts";
import { EXIT } from "./exit-code.ts";

/** What the user is told when the node refuses: the command's own words, or the usual ones. */
export function explainRefusal(
  command: Command,
  input: Input,
  { code, message }: { readonly code: string; readonly message: string },
): CliError {
  const own = command.explain?.(code, message, input);
  if (own !== undefined) return own;
  switch (code) {
    case "no_such_vhost":
      return new CliError(EXIT.data, `Virtual host '${input.vhost}' does not exist`);
    case "no_such_user":
      return failed(EXIT.noUser, `User "${arg(input, 0)}" does not exist`);
    case "user_already_exists":
      return failed(EXIT.software, `User "${arg(input, 0)}" already exists`);
    case "no_such_queue":
      return failed(EXIT.unavailable, "not_found");
    case "timeout": {
      const used = input.timeoutMs ?? DEFAULT_TIMEOUT_MS;
      const text = `operation ${command.name} on node ${input.node} timed out. Timeout value used: ${used}`;
      return new CliError(EXIT.tempFail, `Error: ${text}`);
    }
    case "internal":
      return failed(EXIT.software, message);
    default:
      return failed(EXIT.unavailable, message);
  }
}

/** Of a call that names none. */
const DEFAULT_TIMEOUT_MS = 60_000;
