/** The keys of a JSON value and the kinds of what stands there: `[].limits.max-channels` -> number. Elements of a list count as one. */
function shapeOf(value: unknown): ReadonlyMap<string, ReadonlySet<string>> {
  const shape = new Map<string, Set<string>>();
  note(value, "", shape);
  return shape;
}

function note(value: unknown, place: string, shape: Map<string, Set<string>>): void {
  const kinds = shape.get(place) ?? new Set();
  shape.set(place, kinds.add(kindOf(value)));
  if (Array.isArray(value)) {
    for (const element of value) note(element, `${place}[]`, shape);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      note(inner, place === "" ? key : `${place}.${key}`, shape);
    }
  }
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "list" : typeof value;
}

/** Where two values differ in shape: `lacks KEY`, `has KEY besides`, `KEY is string, not number`. */
export function shapeDifferences(recorded: unknown, ours: unknown): string[] {
  const theirs = shapeOf(recorded);
  const own = shapeOf(ours);
  const differences: string[] = [];
  for (const [place, kinds] of theirs) {
    const found = own.get(place);
    if (found === undefined) {
      if (hasParent(place, own)) differences.push(`lacks ${place}`);
    } else if (![...found].some((kind) => kinds.has(kind))) {
      differences.push(
        `${place || "the whole"} is ${[...found].join("|")}, not ${[...kinds].join("|")}`,
      );
    }
  }
  for (const place of own.keys()) {
    if (!theirs.has(place) && hasParent(place, theirs)) differences.push(`has ${place} besides`);
  }
  return differences;
}

/** What is missing as a whole is told once; an empty list says nothing of its elements. */
function hasParent(place: string, shape: ReadonlyMap<string, unknown>): boolean {
  if (place === "") return true;
  const parent = place.replace(/(\[\]|\.?[^.[\]]+)$/, "");
  if (!shape.has(parent)) return false;
  return !place.endsWith("[]");
}
