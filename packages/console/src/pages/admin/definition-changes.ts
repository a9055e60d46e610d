/** Definitions as RabbitMQ exports them, as far as a preview needs them. */
export type Definitions = Readonly<Record<string, unknown>>;

/** What an import would do to one kind of things. An import never deletes. */
export interface DefinitionChange {
  readonly kind: string;
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly same: number;
}

/** How the things of each kind are told apart. */
const IDENTITY: Readonly<Record<string, readonly string[]>> = {
  vhosts: ["name"],
  users: ["name"],
  permissions: ["user", "vhost"],
  topic_permissions: ["user", "vhost", "exchange"],
  parameters: ["vhost", "component", "name"],
  global_parameters: ["name"],
  policies: ["vhost", "name"],
  queues: ["vhost", "name"],
  exchanges: ["vhost", "name"],
  bindings: ["vhost", "source", "destination_type", "destination", "routing_key", "arguments"],
};

/** Compares what is to be imported with what is there; kinds of which nothing is to be imported are left out. */
export function definitionChanges(
  wanted: Definitions,
  present: Definitions,
): readonly DefinitionChange[] {
  return Object.keys(IDENTITY).flatMap((kind) => {
    const change = changesOf(kind, listOf(wanted[kind]), listOf(present[kind]));
    return change.added.length + change.changed.length + change.same === 0 ? [] : [change];
  });
}

type Entry = Readonly<Record<string, unknown>>;

function changesOf(
  kind: string,
  wanted: readonly Entry[],
  present: readonly Entry[],
): DefinitionChange {
  const before = new Map(present.map((entry) => [nameOf(kind, entry), entry]));
  const added: string[] = [];
  const changed: string[] = [];
  let same = 0;
  for (const entry of wanted) {
    const name = nameOf(kind, entry);
    const old = before.get(name);
    if (old === undefined) {
      added.push(name);
    } else if (differs(entry, old)) {
      changed.push(name);
    } else {
      same += 1;
    }
  }
  return { kind, added, changed, same };
}

function nameOf(kind: string, entry: Entry): string {
  return (IDENTITY[kind] ?? [])
    .map((key) => entry[key])
    .filter((part) => part !== undefined && !isEmptyObject(part))
    .map((part) => (typeof part === "string" ? part : JSON.stringify(part)))
    .join(" / ");
}

/** Only what the wanted entry says counts: keys that it leaves out keep their value. */
function differs(wanted: Entry, present: Entry): boolean {
  return Object.entries(wanted).some(
    ([key, value]) => canonical(value) !== canonical(present[key]),
  );
}

/** JSON with sorted keys; lists of tags are the same as text with commas. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) {
    return value.every((item) => typeof item === "string")
      ? JSON.stringify(value.join(","))
      : `[${value.map(canonical).join(",")}]`;
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(",")}}`;
  }
  return value === undefined ? "" : JSON.stringify(value);
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

function listOf(value: unknown): readonly Entry[] {
  return Array.isArray(value)
    ? value.filter((item): item is Entry => typeof item === "object" && item !== null)
    : [];
}
