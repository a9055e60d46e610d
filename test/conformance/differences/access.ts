import type { Difference } from "./difference.ts";

type Word = "configure" | "write" | "read";

/** Refusals of 3.13 name the missing right: `configure access to queue ...` instead of `access to queue ...`. */
function worded(word: Word): Difference {
  return {
    reason: "access-words",
    replace: [["ACCESS_REFUSED - access to", `ACCESS_REFUSED - ${word} access to`]],
  };
}

const CASES: Readonly<Record<Word, readonly string[]>> = {
  configure: [
    "limited: queue.declare needs configure",
    "limited: queue.declare of an existing queue needs configure, too",
    "limited: a server-named queue needs configure on its name",
    "limited: queue.delete needs configure",
    "limited: queue.delete of a missing queue needs configure, too",
    "limited: exchange.declare needs configure",
    "limited: exchange.delete needs configure",
    "denied: queue.declare is refused",
  ],
  write: [
    "limited: queue.declare with a dead letter exchange needs write on it",
    "limited: queue.bind needs write on the queue",
    "limited: queue.bind is refused before a missing exchange is noticed",
    "limited: queue.unbind needs write on the queue",
    "limited: exchange.declare with an alternate exchange needs write on it",
    "limited: exchange.bind needs write on the destination",
    "limited: basic.publish needs write on the exchange",
    "limited: basic.publish is refused before a missing exchange is noticed",
    "denied: basic.publish through the default exchange is refused by its name",
    "topical: basic.publish with a refused topic",
  ],
  read: [
    "limited: queue.declare with a dead letter exchange needs read on the queue",
    "limited: queue.purge needs read",
    "limited: queue.bind needs read on the exchange",
    "limited: exchange.declare with an alternate exchange needs read on itself",
    "limited: exchange.bind needs read on the source",
    "limited: basic.get needs read",
    "limited: basic.consume needs read",
    "denied: basic.get of a missing queue is refused",
    "topical: queue.bind with a refused topic",
  ],
};

/** Refusals that name the right. */
export const WORDED_ACCESS: Readonly<Record<string, Difference>> = Object.fromEntries(
  Object.entries(CASES).flatMap(([word, names]) =>
    names.map((name) => [name, worded(word as Word)] as const),
  ),
);
