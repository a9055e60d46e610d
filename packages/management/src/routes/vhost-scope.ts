import { notFound, vhostNotFound } from "../http-error.ts";
import { hasTag } from "../model/identity.ts";
import type { VhostEntry } from "../model/metadata.ts";
import type { ApiRequest } from "./route.ts";

type Asked = Pick<ApiRequest, "node" | "user">;

/** Those entries that are in vhosts which the user may enter. */
export function inOwnVhosts<Entry extends { readonly vhost: string }>(
  { node, user }: Asked,
  entries: readonly Entry[],
): Entry[] {
  const known = new Map<string, boolean>();
  return entries.filter(({ vhost }) => {
    const canEnter = known.get(vhost) ?? node.access.canEnterVhost(user, vhost);
    known.set(vhost, canEnter);
    return canEnter;
  });
}

/** The vhosts that the user sees: those that he may enter, and all if he may watch. */
export function visibleVhosts({ node, user }: Asked): readonly VhostEntry[] {
  const vhosts = node.metadata.vhosts();
  if (hasTag(user, "monitoring")) return vhosts;
  return vhosts.filter(({ name }) => node.access.canEnterVhost(user, name));
}

/** @throws HttpError 404 */
export function requireVhost({ node }: Pick<Asked, "node">, name: string): VhostEntry {
  const vhost = node.metadata.vhost(name);
  if (vhost === undefined) throw notFound();
  return vhost;
}

/** The vhost that a write is about. @throws HttpError 404 in other words than a read */
export function requireVhostForChange({ node }: Pick<Asked, "node">, name: string): VhostEntry {
  const vhost = node.metadata.vhost(name);
  if (vhost === undefined) throw vhostNotFound();
  return vhost;
}
