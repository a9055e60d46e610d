import { once } from "node:events";
import { connect, type Socket } from "node:net";
import {
  decodeMethod,
  EMPTY_TABLE,
  encodeMethodFrame,
  FrameReader,
  protocolHeader,
} from "@leveret/amqp";
import type { EmbeddedBroker } from "../../src/index.ts";

interface Login {
  readonly user: string;
  readonly password: string;
  readonly vhost: string;
}

const GUEST: Login = { user: "guest", password: "guest", vhost: "/" };

/** Everything a client says up to connection.open, said at once. */
function greeting({ user, password, vhost }: Login): Buffer {
  return Buffer.concat([
    protocolHeader(0, 9, 1),
    encodeMethodFrame(0, "connection.start-ok", {
      clientProperties: EMPTY_TABLE,
      mechanism: "PLAIN",
      response: Buffer.from(`\0${user}\0${password}`),
      locale: "en_US",
    }),
    encodeMethodFrame(0, "connection.tune-ok", { channelMax: 10, frameMax: 131_072, heartbeat: 0 }),
    encodeMethodFrame(0, "connection.open", { virtualHost: vhost }),
  ]);
}

/** A client that logs in and from then on neither reads nor answers. */
export async function connectSilently(broker: EmbeddedBroker): Promise<Socket> {
  const socket = await connectOnly(broker);
  const before = broker.connections().length;
  socket.write(greeting(GUEST));
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

/** The text of the connection.close that answers connection.open. Client libraries tend to hide it. */
export async function refusalOf(
  broker: EmbeddedBroker,
  login: Partial<Login> = {},
): Promise<string> {
  const socket = await connectOnly(broker);
  socket.write(greeting({ ...GUEST, ...login }));
  const text = await new Promise<string>((resolve, reject) => {
    const reader = new FrameReader(
      {
        onFrame: (_type, _channel, bytes, start, end) => {
          const method = decodeMethod(bytes, start, end);
          if (method.name === "connection.open-ok") reject(new Error("the connection was opened"));
          if (method.name === "connection.close") {
            resolve(`${method.replyCode} ${method.replyText}`);
          }
        },
      },
      0,
    );
    socket.on("data", (chunk: Buffer) => reader.push(chunk));
    socket.resume();
  });
  socket.destroy();
  return text;
}
