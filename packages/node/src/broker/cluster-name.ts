import type { MetadataView } from "../metadata/metadata-machine.ts";

/** The global parameter in which RabbitMQ keeps it. */
export const CLUSTER_NAME = "cluster_name";

interface Names {
  /** Of the configuration. */
  readonly configured: string | undefined;
  readonly nodeName: string;
}

/** The same at all nodes: the name that was set, or that of the cluster's first node. */
export function clusterNameOf(metadata: MetadataView, { configured, nodeName }: Names): string {
  const set = metadata.parameters.findGlobal(CLUSTER_NAME)?.value;
  if (typeof set === "string") return set;
  return configured ?? firstName(metadata.members()) ?? nodeName;
}

/** Of the member that has been one for the longest time. undefined: there are none. */
export function firstName(
  members: readonly { readonly nodeId: number; readonly name: string }[],
): string | undefined {
  return members.toSorted((a, b) => a.nodeId - b.nodeId)[0]?.name;
}
