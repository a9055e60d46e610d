import type { JSX } from "preact";
import type { PageProps } from "../../app/pages.ts";
import { ClusterPage } from "./cluster-page.tsx";
import { NodePage } from "./node-page.tsx";

/** The cluster, or one node: `nodes/{name}`. */
export function ClusterPages({ rest }: PageProps): JSX.Element {
  const [first, name] = rest;
  return first === "nodes" && name !== undefined ? (
    <NodePage key={name} name={name} />
  ) : (
    <ClusterPage />
  );
}
