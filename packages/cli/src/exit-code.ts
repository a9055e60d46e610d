/** Exit codes of RabbitMQ's tools (RabbitMQ: exit_codes.ex, from sysexits.h). */
export const EXIT = {
  ok: 0,
  /** Wrong usage, or the app is not in the state that the command needs. */
  usage: 64,
  /** A bad argument, or what the command is about does not exist. */
  data: 65,
  noUser: 67,
  /** The node cannot be reached; also every error without a code of its own. */
  unavailable: 69,
  software: 70,
  /** Not within the time given. */
  tempFail: 75,
} as const;
