import { signal } from "@preact/signals";

/** Where the console is: the part of the address after `#`, as in RabbitMQ's console, so that old bookmarks work. */
export interface Location {
  /** Decoded segments, for instance `["queues", "/", "orders"]`. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
}

/** The location of `hash`, which begins with `#` or is empty. A segment that is not well encoded is taken as it stands. */
export function parseHash(hash: string): Location {
  const text = hash.replace(/^#?\/?/, "");
  const at = text.indexOf("?");
  const path = at < 0 ? text : text.slice(0, at);
  return {
    path: path === "" ? [] : path.split("/").map(decodeSegment),
    query: new URLSearchParams(at < 0 ? "" : text.slice(at + 1)),
  };
}

/** The address of a page; segments are encoded here. */
export function href(path: readonly string[], query?: Readonly<Record<string, string>>): string {
  const search = query === undefined ? "" : new URLSearchParams(query).toString();
  return `#/${path.map(encodeURIComponent).join("/")}${search === "" ? "" : `?${search}`}`;
}

/** The location shown now. */
export const location = signal<Location>(
  parseHash("location" in globalThis ? globalThis.location.hash : ""),
);

/** Goes to a page, as a click on a link does. */
export function goTo(address: string): void {
  globalThis.location.hash = address;
}

/** Changes the query of this page without a new entry in the history; an empty value removes its key. */
export function setQuery(changes: Readonly<Record<string, string>>): void {
  const { path, query } = location.value;
  const next = new URLSearchParams(query);
  for (const [key, value] of Object.entries(changes)) {
    if (value === "") {
      next.delete(key);
    } else {
      next.set(key, value);
    }
  }
  const address = href(path, Object.fromEntries(next));
  history.replaceState(null, "", address);
  location.value = parseHash(address);
}

/** Follows the address bar. */
export function followAddress(): void {
  globalThis.addEventListener("hashchange", () => {
    location.value = parseHash(globalThis.location.hash);
  });
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
