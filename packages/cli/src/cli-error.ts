/** Ends the command: `text` goes to stderr as it is, `exitCode` to the shell. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly exitCode: number;
  readonly text: string;

  constructor(exitCode: number, text: string) {
    super(text);
    this.exitCode = exitCode;
    this.text = text;
  }
}

/** In RabbitMQ's usual frame: a line `Error:`, then the text. */
export function failed(exitCode: number, text: string): CliError {
  return new CliError(exitCode, `Error:\n${text}`);
}

/** What the user wrote cannot be a command; `detail` follows on the same line. The usage is shown after it. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly exitCode: number;

  constructor(exitCode: number, detail: string) {
    super(detail);
    this.exitCode = exitCode;
  }
}
