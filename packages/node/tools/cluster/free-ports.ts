import { createServer } from "node:net";

/** Those ports of 127.0.0.1 that are free now; in place of one that is taken, any other. */
export async function freePorts(wanted: readonly number[]): Promise<number[]> {
  const held = await Promise.all(wanted.map(async (port) => (await hold(port)) ?? (await hold(0))));
  const ports = held.map((one) => one?.port ?? 0);
  for (const one of held) await one?.release();
  return ports;
}

interface HeldPort {
  readonly port: number;
  release(): Promise<void>;
}

/** undefined: it is taken. */
function hold(port: number): Promise<HeldPort | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      const bound = typeof address === "object" && address !== null ? address.port : port;
      const release = (): Promise<void> => new Promise((done) => server.close(() => done()));
      resolve({ port: bound, release });
    });
  });
}
