import { lookup } from "node:dns/promises";
import { DEFAULT_CLUSTER_PORT } from "../config/build-cluster.ts";
import type { Config, PeerAddress } from "../config/config.ts";
import { formatHostPort } from "../runtime/net-address.ts";
import type { PeerPlace } from "./peer-calls.ts";

/** The address of a node of this host, by its name. undefined: no such node runs here, as far as is known. */
export type LocalAddress = (name: string) => string | undefined;

/** Nodes that a configuration names: by `--peer`, by cluster_formation.classic_config, or by the addresses of a host name. */
export async function findSeeds(
  { cluster }: Config,
  ownPort: number,
  localAddress: LocalAddress,
): Promise<PeerPlace[]> {
  const { peers, formation } = cluster;
  const places = [...peers, ...formation.nodes].map((peer) => placeOf(peer, localAddress));
  const { dnsHostname } = formation;
  if (dnsHostname === undefined) return places;
  return [...places, ...(await addressesOf(dnsHostname, ownPort))];
}

/** Whether a new node looks for others at all. */
export function hasSeeds({ node, cluster: { peers, formation } }: Config): boolean {
  if (formation.dnsHostname !== undefined) return true;
  return [...peers, ...formation.nodes].some(({ name }) => name !== node.name);
}

/** Where a peer should be. */
function placeOf(peer: PeerAddress, localAddress: LocalAddress): PeerPlace {
  const { name, host } = peer;
  const known = knownAddress(peer, localAddress);
  return { name, address: known ?? formatHostPort(host, DEFAULT_CLUSTER_PORT) };
}

/** Peers of which more is known than the usual port: that counts more than what was remembered of them. */
export function knownPlaces(
  peers: readonly PeerAddress[],
  localAddress: LocalAddress,
): PeerPlace[] {
  return peers.flatMap((peer) => {
    const address = knownAddress(peer, localAddress);
    return address === undefined ? [] : { name: peer.name, address };
  });
}

function knownAddress(
  { name, host, port }: PeerAddress,
  localAddress: LocalAddress,
): string | undefined {
  return port === undefined ? localAddress(name) : formatHostPort(host, port);
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
