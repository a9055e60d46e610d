import type { AddressInfo } from "node:net";

const PORT_MAX = 65_535;

/** Where to listen or connect. `host` "": none was named. */
export interface NetAddress {
  readonly host: string;
  readonly port: number;
}

/** Reads "host:port", "[IPv6]:port" or ":port"; undefined: it is none of them. */
export function parseNetAddress(address: string): NetAddress | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(address);
  if (match === null) return undefined;
  const port = Number(match[3]);
  return port > PORT_MAX ? undefined : { host: match[1] ?? match[2] ?? "", port };
}

/** The address of a listening server, in the form that {@link parseNetAddress} reads. */
export function formatNetAddress(address: AddressInfo | string | null): string {
  if (address === null || typeof address === "string") return address ?? "";
  const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return `${host}:${address.port}`;
}

/** A host and a port in the form that {@link parseNetAddress} reads. */
export function formatHostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
