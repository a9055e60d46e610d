import type { Outcome } from "./outcome.ts";

/** A case whose outcome is another one here, and why that is meant so. */
export interface Difference {
  readonly reason: string;
  /** What is different in it. */
  readonly outcome: Partial<Outcome>;
}

/** By the name of the case. */
export const DIFFERENCES: Readonly<Record<string, Difference>> = {
  "declare permission with a bad pattern": {
    reason: "RabbitMQ shows a term of Erlang with texts as lists of numbers; here a sentence",
    outcome: { stderr: `*** regular expression '(' is invalid: {"missing )",1}\n\n` },
  },
  "declare queue with a value that is no boolean": {
    reason: "RabbitMQ shows a term of Erlang; here a sentence that names the key",
    outcome: { stderr: "*** durable: must be true or false\n\n" },
  },
  "declare binding with null as an argument": {
    reason: "RabbitMQ fails with an internal error; the same text as for arguments of queues",
    outcome: { stderr: "*** arguments: null_not_allowed\n\n" },
  },
  "declare binding of another type": {
    reason: "RabbitMQ fails with an internal error; there is no such path",
    outcome: { stderr: "*** Not found: /api/bindings/shop/e/orders/t/mails\n\n" },
  },
  "declare policy with an unknown key": {
    reason: "RabbitMQ writes the text for HTML, though it is JSON",
    outcome: {
      stderr: `*** Validation failed\n\n[{<<"nope">>,1}] are not recognised policy settings\n\n\n`,
    },
  },
  "manager publishes where he may not": {
    reason: "the words of RabbitMQ 3.13, which say what kind of access it is",
    outcome: {
      stderr:
        "*** 403 ACCESS_REFUSED - write access to exchange 'orders' in vhost 'shop' refused for user 'manager'\n\n",
    },
  },
};
