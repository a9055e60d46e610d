import type { Difference } from "./difference.ts";

interface Death {
  readonly first: readonly [exchange: string, queue: string, reason: string];
  readonly last?: Death["first"];
}

/** The recorded headers of the first death, and ours, which name the last one as well. */
function lastDeath(...deaths: readonly Death[]): Difference {
  return {
    reason: "last-death",
    replace: deaths.map(({ first, last = first }) => [
      `${shown("first", first)}}`,
      `${shown("first", first)},${shown("last", last)}}`,
    ]),
  };
}

function shown(which: "first" | "last", [exchange, queue, reason]: Death["first"]): string {
  const value = (text: string): string => JSON.stringify(`S ${text}`.trimEnd());
  return [
    `"x-${which}-death-exchange":${value(exchange)}`,
    `"x-${which}-death-queue":${value(queue)}`,
    `"x-${which}-death-reason":${value(reason)}`,
  ].join(",");
}

function once(queue: string, reason: string, exchange = ""): Difference {
  return lastDeath({ first: [exchange, queue, reason] });
}

/** Messages that were dead-lettered carry x-last-death-* since 3.13. */
export const LAST_DEATHS: Readonly<Record<string, Difference>> = {
  "dead letter: a rejected message": once("~source", "rejected"),
  "dead letter: a nacked message": once("~source", "rejected"),
  "dead letter: a message expired by its queue": once("~source", "expired"),
  "dead letter: a message with an expiration loses and records it": once("~source", "expired"),
  "dead letter: a message dropped by max-length": once("~source", "maxlen"),
  "dead letter: a message refused by reject-publish-dlx": once("~source", "maxlen"),
  "dead letter: without a routing key the original one is used": once("~source", "rejected", "~x"),
  "dead letter: CC keys are recorded and routed again, BCC is not": once(
    "~source",
    "rejected",
    "~x",
  ),
  "dead letter: with a routing key CC is removed": once("~source", "rejected"),
  "dead letter: redelivered is false in the target": once("~source", "rejected"),
  "dead letter: rejected messages arrive in the order of rejects": once("~source", "rejected"),
  "dead letter: a queue to itself by reject goes round and counts": once("~q", "rejected"),
  "dead letter: a second round through the same queue counts 2": lastDeath({
    first: ["", "~work", "rejected"],
    last: ["", "~wait", "expired"],
  }),
  "quorum: a message over the delivery limit is dead-lettered": once("~q", "delivery_limit"),
  "quorum: a rejected message is dead-lettered": once("~q", "rejected"),
  "quorum: an expired message is dead-lettered": once("~q", "expired"),
  "policy: dead letter exchange and routing key": once("~q-pol-dlx", "rejected"),
  "dead letter: two queues make two entries, the newest first": {
    reason: "last-death",
    replace: [
      [
        `"x-first-death-reason":"S expired"}} "1"\nA/1 > basic.reject`,
        `"x-first-death-reason":"S expired",${shown("last", ["", "~first", "expired"])}}} "1"\nA/1 > basic.reject`,
      ],
      [
        `"x-first-death-reason":"S expired"}} "1"`,
        `"x-first-death-reason":"S expired",${shown("last", ["", "~middle", "rejected"])}}} "1"`,
      ],
    ],
  },
  "dead letter: the header of a message that the client publishes again": {
    reason: "last-death",
    replace: [
      [
        `"count":"l 5","exchange":"S","queue":"S ~source","reason":"S rejected","routing-keys":["S ~source"]}],"x-first-death-queue":"S elsewhere"}`,
        `"count":"l 5","exchange":"S","queue":"S ~source","reason":"S rejected","routing-keys":["S ~source"]}],"x-first-death-queue":"S elsewhere",${shown("last", ["", "~source", "rejected"])}}`,
      ],
    ],
  },
};
