import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { EMPTY_TABLE, encodeMethodFrame, protocolHeader } from "@leveret/amqp";
import type { EmbeddedBroker } from "../../src/index.ts";

/** Everything a client says up to connection.open, said at once. */
function greeting(): Buffer {
  return Buffer.concat([
    protocolHeader(0, 9, 1),
    encodeMethodFrame(0, "connection.start-ok", {
      clientProperties: EMPTY_TABLE,
      mechanism: "PLAIN",
      response: Buffer.from("\0guest\0guest"),
      locale: "en_US",
    }),
    encodeMethodFrame(0, "connection.tune-ok", { channelMax: 10, frameMax: 131_072, heartbeat: 0 }),
    encodeMethodFrame(0, "connection.open", { virtualHost: "/" }),
  ]);
}

/** A client that logs in and from then on neither reads nor answers. */
export async function connectSilently(broker: EmbeddedBroker): Promise<Socket> {
  const socket = await connectOnly(broker);
  const before = broker.connections().length;
  socket.write(greeting());
  await broker.waitForConnections(before + 1);
  return socket;
}

/** A TCP connection on which nothing is said. */
export async function connectOnly(broker: { host: string; port: number }): Promise<Socket> {
  const socket = connect(broker.port, broker.host);
  socket.on("error", () => undefined); // The broker may reset it; that is what the tests are about.
  socket.pause();
  await once(socket, "connect");
  return socket;
}
