import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * Below the ports that systems give to outgoing connections (Linux: from 32,768): a port that is to be opened again after a while must
 * not be taken by one of those.
 */
const FIRST = 20_000;
const END = 32_000;
const ATTEMPTS = 100;

/** As many ports as are remembered: whoever was given one has opened it long before so many others were asked for. */
const GIVEN_MAX = 1000;

/** Ports given out last, which may not be open yet. */
const given = new Set<number>();

/** A port of the loopback interface that nobody listens on now, and that nobody else was given lately. */
export async function findFreePort(): Promise<number> {
  for (let attempt = 1; attempt < ATTEMPTS; attempt++) {
    const port = randomInt(FIRST, END);
    if (given.has(port)) continue;
    remember(port);
    if (await isFree(port)) return port;
  }
  return 0;
}

function remember(port: number): void {
  given.add(port);
  for (const oldest of given) {
    if (given.size <= GIVEN_MAX) return;
    given.delete(oldest);
  }
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
