import type { IndexRange } from "../core/hard-state.ts";
import type { EntryIndex } from "./entry-index.ts";

/** Bytes of other groups that are read along rather than starting another read. */
const GAP_MAX = 16 * 1024;
const SPAN_MAX = 1024 * 1024;
/** Reads for one call; where a group's entries lie far apart, the rest comes with the next call. */
const SPANS_MAX = 16;

/** A piece of a file to be read in one go, and the entries in it. */
export interface Span {
  readonly position: number;
  size: number;
  readonly entries: { readonly index: number; readonly offset: number }[];
}

/** What to read for consecutive entries, from the first one of `range` on, within `maxBytes` or for one larger entry. */
export function spansOf(
  index: EntryIndex | undefined,
  range: IndexRange,
  maxBytes: number,
): readonly Span[] {
  const spans: Span[] = [];
  if (index === undefined) return spans;
  let bytes = 0;
  let next = range.first;
  for (let at = index.positionOf(next); at >= 0 && next <= range.last; at++) {
    if (at >= index.count || index.indexAt(at) !== next) break;
    const size = index.sizeAt(at);
    if (bytes > 0 && bytes + size > maxBytes) break;
    bytes += size;
    if (!extend(spans, { index: next, offset: index.offsetAt(at) }, size)) break;
    next++;
  }
  return spans;
}

/** False: too many spans. */
function extend(
  spans: Span[],
  entry: { readonly index: number; readonly offset: number },
  size: number,
): boolean {
  const span = spans.at(-1);
  if (span !== undefined) {
    const gap = entry.offset - span.position - span.size;
    const newSize = entry.offset + size - span.position;
    if (gap >= 0 && gap <= GAP_MAX && newSize <= SPAN_MAX) {
      span.size = newSize;
      span.entries.push(entry);
      return true;
    }
  }
  if (spans.length >= SPANS_MAX) return false;
  spans.push({ position: entry.offset, size, entries: [entry] });
  return true;
}
