/** Of names: what a run that was killed has left behind is found by it. */
const NAME_PREFIX = "leveret-cut-";
/** Known inside the namespaces only, which are connected with nothing else. */
const SUBNET = "10.213.91";
export const PREFIX_LENGTH = 24;

export interface LayoutNode {
  /** Its network namespace. */
  readonly namespace: string;
  readonly address: string;
}

/** Nodes each in a network namespace of its own, and one with the bridge between them, where the clients are. */
export interface NetworkLayout {
  readonly hub: LayoutNode;
  readonly nodes: readonly LayoutNode[];
}

/** `owner`: the process that makes and removes the network. */
export function layoutOf(owner: number, count: number): NetworkLayout {
  const nodes = Array.from({ length: count }, (_, index) => ({
    namespace: `${NAME_PREFIX}${owner}-${index + 1}`,
    address: `${SUBNET}.${index + 1}`,
  }));
  return { hub: { namespace: `${NAME_PREFIX}${owner}-hub`, address: `${SUBNET}.254` }, nodes };
}

/** The process that has made the namespace; undefined: it is none of ours. */
export function ownerOf(namespace: string): number | undefined {
  const owner = new RegExp(`^${NAME_PREFIX}(\\d+)-`).exec(namespace)?.[1];
  return owner === undefined ? undefined : Number(owner);
}
