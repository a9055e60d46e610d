import { isIP, SocketAddress } from "node:net";

/** v1 line with its CR LF, as haproxy's proxy-protocol.txt 2.1 bounds it. */
const V1_SIZE_MAX = 107;
const V2_PREFIX_SIZE = 16;
/**
 * Largest v2 header we take. The specification (2.2) promises that 536 bytes arrive unfragmented and asks
 * senders to stay below; addresses need at most 232, the rest is TLVs, which we skip.
 */
const V2_SIZE_MAX = 536;
const V2_SIGNATURE = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
const V1_SIGNATURE = Buffer.from("PROXY ", "latin1");
const EMPTY = Buffer.alloc(0);

/** One end of the client's connection to the proxy. */
interface ProxyEndpoint {
  readonly address: string;
  readonly port: number;
}

export type ProxyHeaderResult =
  | { readonly done: false }
  | {
      readonly done: true;
      /** The client; undefined if the proxy does not tell (LOCAL, UNKNOWN, a UNIX socket): use the socket's. */
      readonly source?: ProxyEndpoint;
      readonly destination?: ProxyEndpoint;
      /** What came after the header, a view into the last chunk if the header ended in it. */
      readonly rest: Buffer;
    };

/** The bytes are no PROXY header; the connection is closed without an answer. */
export class ProxyHeaderError extends Error {
  override readonly name = "ProxyHeaderError";
}

interface Endpoints {
  readonly source?: ProxyEndpoint;
  readonly destination?: ProxyEndpoint;
}

/**
 * Reads the PROXY protocol header (v1 or v2) in front of a connection. Keeps at most one header of bytes, and
 * refuses what cannot become one at the first byte that differs.
 */
export class ProxyHeaderReader {
  #bytes: Buffer = EMPTY;

  /** Call until done, then no more. Throws {@link ProxyHeaderError}. */
  push(chunk: Buffer): ProxyHeaderResult {
    const bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    const size = headerSize(bytes);
    if (size === undefined || bytes.length < size) {
      // headerSize() has refused anything longer than a header by now, so this copy is bounded.
      this.#bytes = Buffer.from(bytes);
      return { done: false };
    }
    this.#bytes = EMPTY;
    const header = bytes.subarray(0, size);
    const endpoints = header[0] === V1_SIGNATURE[0] ? parseV1(header) : parseV2(header);
    return { done: true, ...endpoints, rest: bytes.subarray(size) };
  }
}

/** Size of the header that `bytes` begins with; undefined: not to be seen yet. */
function headerSize(bytes: Buffer): number | undefined {
  if (startsLike(bytes, V1_SIGNATURE)) return v1Size(bytes);
  if (startsLike(bytes, V2_SIGNATURE)) return v2Size(bytes);
  throw new ProxyHeaderError("no PROXY protocol header");
}

/** Whether `bytes` begins with `signature`, or is a beginning of it. */
function startsLike(bytes: Buffer, signature: Buffer): boolean {
  const size = Math.min(bytes.length, signature.length);
  return bytes.subarray(0, size).equals(signature.subarray(0, size));
}

function v1Size(bytes: Buffer): number | undefined {
  const end = bytes.subarray(0, V1_SIZE_MAX).indexOf("\r\n", 0, "latin1");
  if (end !== -1) return end + 2;
  if (bytes.length < V1_SIZE_MAX) return undefined;
  throw new ProxyHeaderError(`PROXY v1 header without an end in ${V1_SIZE_MAX} bytes`);
}

function v2Size(bytes: Buffer): number | undefined {
  if (bytes.length < V2_PREFIX_SIZE) return undefined;
  const size = V2_PREFIX_SIZE + bytes.readUInt16BE(14);
  if (size <= V2_SIZE_MAX) return size;
  throw new ProxyHeaderError(
    `PROXY v2 header of ${size} bytes; at most ${V2_SIZE_MAX} are accepted`,
  );
}

/**
 * v1 (2.1): `PROXY TCP4|TCP6 <source> <destination> <source port> <destination port> CR LF`, or
 * `PROXY UNKNOWN <anything> CR LF`.
 */
function parseV1(header: Buffer): Endpoints {
  const words = header.toString("latin1", 0, header.length - 2).split(" ");
  const [, protocol, source, destination, sourcePort, destinationPort] = words;
  if (protocol === "UNKNOWN") return {};
  const family = protocol === "TCP4" ? 4 : protocol === "TCP6" ? 6 : 0;
  if (family === 0) throw new ProxyHeaderError("PROXY v1 header of an unknown protocol");
  if (words.length !== 6) throw new ProxyHeaderError("PROXY v1 header without its six words");
  return {
    source: { address: v1Address(source, family), port: v1Port(sourcePort) },
    destination: { address: v1Address(destination, family), port: v1Port(destinationPort) },
  };
}

function v1Address(text: string | undefined, family: 4 | 6): string {
  if (text === undefined || isIP(text) !== family) {
    throw new ProxyHeaderError(`PROXY v1 header with a wrong IPv${family} address`);
  }
  return text;
}

function v1Port(text: string | undefined): number {
  const port = Number(text);
  if (text === undefined || !/^(0|[1-9]\d{0,4})$/.test(text) || port > 65535) {
    throw new ProxyHeaderError("PROXY v1 header with a wrong port");
  }
  return port;
}

/**
 * v2 (2.2):
 * ```
 * 0..11 signature   12 version 2 (high 4 bits), command 0 LOCAL, 1 PROXY   13 family (high 4 bits), transport
 * 14..15 size of the rest   16.. addresses: source, destination, source port, destination port   then TLVs
 * ```
 */
function parseV2(header: Buffer): Endpoints {
  const version = header.readUInt8(12) >> 4;
  const command = header.readUInt8(12) & 0x0f;
  if (version !== 2) throw new ProxyHeaderError(`PROXY header of version ${version}`);
  if (command > 1) throw new ProxyHeaderError(`PROXY v2 header with command ${command}`);
  if (command === 0) return {}; // LOCAL: the proxy's own health check.
  switch (header.readUInt8(13) >> 4) {
    case 1:
      return v2Endpoints(header, "ipv4", 4);
    case 2:
      return v2Endpoints(header, "ipv6", 16);
    default:
      return {}; // AF_UNSPEC and AF_UNIX: there is no address that we could show or check.
  }
}

function v2Endpoints(header: Buffer, family: "ipv4" | "ipv6", addressSize: number): Endpoints {
  const portsAt = V2_PREFIX_SIZE + 2 * addressSize;
  if (header.length < portsAt + 4)
    throw new ProxyHeaderError("PROXY v2 header too short for its addresses");
  const endpoint = (addressAt: number, portAt: number): ProxyEndpoint => ({
    address: formatAddress(header.subarray(addressAt, addressAt + addressSize), family),
    port: header.readUInt16BE(portAt),
  });
  return {
    source: endpoint(V2_PREFIX_SIZE, portsAt),
    destination: endpoint(V2_PREFIX_SIZE + addressSize, portsAt + 2),
  };
}

function formatAddress(bytes: Buffer, family: "ipv4" | "ipv6"): string {
  if (family === "ipv4") return bytes.join(".");
  const groups: string[] = [];
  for (let at = 0; at < bytes.length; at += 2) groups.push(bytes.readUInt16BE(at).toString(16));
  // SocketAddress writes the short form of RFC 5952, the one that sockets report.
  return new SocketAddress({ address: groups.join(":"), family }).address;
}
