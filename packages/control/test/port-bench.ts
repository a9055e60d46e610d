import { once } from "node:events";
import { connect, type Socket } from "node:net";
import {
  ClusterPort,
  type ClusterPortOptions,
  type RefusedConnection,
} from "../src/cluster-port.ts";
import { type DialOptions, dialed } from "../src/dial.ts";
import { DialError } from "../src/errors.ts";

/** A port on this machine, its refusals, and ways to reach it. All it opened is closed with it. */
export class PortBench {
  readonly port: ClusterPort;
  readonly refused: RefusedConnection[];
  readonly sockets: Socket[] = [];

  private constructor(port: ClusterPort, refused: RefusedConnection[]) {
    this.port = port;
    this.refused = refused;
  }

  static async open(options: Partial<ClusterPortOptions> = {}): Promise<PortBench> {
    const refused: RefusedConnection[] = [];
    const port = await ClusterPort.listen({
      host: "127.0.0.1",
      port: 0,
      nodeName: "rabbit@a",
      cookie: "SECRET",
      onRefused: (connection) => refused.push(connection),
      ...options,
    });
    return new PortBench(port, refused);
  }

  get dialOptions(): DialOptions {
    return {
      host: "127.0.0.1",
      port: this.port.port,
      purpose: "link",
      cookie: "SECRET",
      nodeName: "rabbit@b",
    };
  }

  async dial(options: Partial<DialOptions> = {}): ReturnType<typeof dialed> {
    const dialled = await dialed({ ...this.dialOptions, ...options });
    this.sockets.push(dialled.socket);
    return dialled;
  }

  async failToDial(options: Partial<DialOptions> = {}): Promise<DialError> {
    try {
      await this.dial(options);
    } catch (error) {
      if (error instanceof DialError) return error;
      throw error;
    }
    throw new Error("it was let in");
  }

  /** Dials again while the port is busy with others. */
  async dialWhenFree(): ReturnType<typeof dialed> {
    for (;;) {
      try {
        return await this.dial();
      } catch (error) {
        if (!(error instanceof DialError) || error.code !== "busy") throw error;
      }
    }
  }

  /** A connection without any handshake. */
  async connectRaw(): Promise<Socket> {
    const socket = connect({ host: "127.0.0.1", port: this.port.port });
    this.sockets.push(socket);
    socket.on("error", () => {});
    await once(socket, "connect");
    return socket;
  }

  /** Resolves when so many connections were refused. */
  async waitRefused(count = 1): Promise<RefusedConnection> {
    while (this.refused.length < count) await new Promise((resolve) => setImmediate(resolve));
    const last = this.refused[count - 1];
    if (last === undefined) throw new Error("nothing was refused");
    return last;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.port.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

/** Reads until the text of `size` bytes is complete. */
export async function readText(socket: Socket, size: number): Promise<string> {
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
  });
  socket.resume();
  while (text.length < size) await once(socket, "data");
  return text;
}
