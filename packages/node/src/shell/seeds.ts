import { lookup } from "node:dns/promises";
import type { Config, PeerAddress } from "../config/config.ts";
import { formatHostPort } from "../runtime/net-address.ts";
import type { PeerPlace } from "./peer-calls.ts";

/** Nodes that a configuration names: by `--peer`, by cluster_formation.classic_config, or by the addresses of a host name. */
export async function findSeeds({ cluster }: Config, ownPort: number): Promise<PeerPlace[]> {
  const { peers, formation } = cluster;
  const places = [...peers, ...formation.nodes].map(placeOf);
  const { dnsHostname } = formation;
  if (dnsHostname === undefined) return places;
  return [...places, ...(await addressesOf(dnsHostname, ownPort))];
}

/** Whether a new node looks for others at all. */
export function hasSeeds({ node, cluster: { peers, formation } }: Config): boolean {
  if (formation.dnsHostname !== undefined) return true;
  return [...peers, ...formation.nodes].some(({ name }) => name !== node.name);
}

export function placeOf({ name, host, port }: PeerAddress): PeerPlace {
  return { name, address: formatHostPort(host, port) };
}

/** Of a host name that stands for all nodes, whose ports are the same. Empty: it is not known (yet). */
async function addressesOf(hostname: string, port: number): Promise<PeerPlace[]> {
  try {
    const found = await lookup(hostname, { all: true });
    return found.map(({ address }) => ({ address: formatHostPort(address, port) }));
  } catch {
    // The entry may appear with the first nodes; the caller tries again.
    return [];
  }
}
