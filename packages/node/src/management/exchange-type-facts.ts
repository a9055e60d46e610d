import { EXCHANGE_TYPES, type ExchangeType } from "../exchange/exchange-types.ts";

const DESCRIPTIONS: Readonly<Record<ExchangeType, string>> = {
  direct: "Routes by an equal routing key",
  fanout: "Routes to all bindings",
  headers: "Routes by headers",
  topic: "Routes by patterns of words",
  "x-consistent-hash": "Spreads messages by a hash of the routing key or a header",
  "x-delayed-message": "Holds messages back for a time of their own",
  "x-local-random": "Routes to one binding by chance",
  "x-modulus-hash": "Spreads messages by a hash of the routing key",
  "x-random": "Routes to one binding by chance",
  "x-recent-history": "Routes to all bindings, and gives new ones the last messages",
};

/** All exchange types, with a phrase for each. */
export const EXCHANGE_TYPE_FACTS: readonly {
  readonly name: string;
  readonly description: string;
}[] = EXCHANGE_TYPES.map((name) => ({ name, description: DESCRIPTIONS[name] }));
