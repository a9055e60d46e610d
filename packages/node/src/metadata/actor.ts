/** Who changes something, for events and the audit log. */
export interface Actor {
  /** A user; or what RabbitMQ calls those who are none: `rmq-cli`, `rmq-internal`. */
  readonly user: string;
  readonly via: "amqp" | "http" | "cli" | "internal";
  /** A connection, an address, a node: where it came from. */
  readonly from: string;
}

/** The broker itself: queues that expire, what came with the program or a definitions file. */
export const INTERNAL_ACTOR: Actor = { user: "rmq-internal", via: "internal", from: "" };

/** Command line tools, which prove who they are by the cookie. */
export const CLI_ACTOR: Actor = { user: "rmq-cli", via: "cli", from: "cluster port" };
