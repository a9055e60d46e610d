import { once } from "node:events";
import { createServer } from "node:net";

/** Below those that Linux gives to outgoing connections: one of them would keep a node from coming back to its port. */
const LOWEST = 20_000;
const HIGHEST = 32_000;
const TRIES = 500;

/** Ports that were free a moment ago. @throws Error */
export async function freePorts(count: number): Promise<readonly number[]> {
  const found = new Set<number>();
  for (let attempt = 0; attempt < TRIES && found.size < count; attempt++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (await isFree(port)) found.add(port);
  }
  if (found.size < count) throw new Error("there are not enough free ports");
  return [...found];
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  server.listen(port);
  try {
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}
