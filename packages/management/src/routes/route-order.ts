/** Names of a path's parameters, in order. */
export function paramNames(path: string): readonly string[] {
  return Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => name ?? "");
}

/**
 * Which of two paths is tried first: at the first segment where one has a word and the other a parameter, the word; `/queues/detailed` before
 * `/queues/{vhost}`.
 */
export function compareRoutes(left: string, right: string): number {
  const ours = left.split("/");
  const theirs = right.split("/");
  for (const [index, segment] of ours.entries()) {
    const other = theirs[index];
    if (other === undefined) return 1;
    if (segment === other) continue;
    if (segment.startsWith("{") !== other.startsWith("{")) return segment.startsWith("{") ? 1 : -1;
    return segment < other ? -1 : 1;
  }
  return ours.length - theirs.length;
}
