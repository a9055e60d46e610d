import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { BINDING_LABEL, BINDING_SIZE } from "./socket-options.ts";

/** Empty without TLS; see `HandshakeParty.binding`. */
export function bindingOf(socket: Socket): Buffer {
  if (!(socket instanceof TLSSocket)) return Buffer.alloc(0);
  return socket.exportKeyingMaterial(BINDING_SIZE, BINDING_LABEL, Buffer.alloc(0));
}

/**
 * Makes a socket ready for its next owner: paused, with `rest` in front of what is still to come, and no listener of ours but
 * one that keeps an error from ending the process. Call `give` gets it a moment later, if it still lives then.
 */
export function handOver(socket: Socket, rest: Buffer, give: () => void): void {
  socket.pause();
  if (rest.length > 0) socket.unshift(rest);
  // Not inside the reading of the socket, which must end before its handle can be moved to another one.
  process.nextTick(give);
}
