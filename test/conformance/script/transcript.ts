import type { Properties } from "../wire/content.ts";
import { Typed } from "../wire/field-value.ts";
import type { Arguments } from "../wire/methods.ts";
import type { Item } from "../wire/socket.ts";

/** Bodies longer than this are shown by their size. */
const BODY_SHOWN_MAX = 200;

/**
 * The record of one case: a line per thing sent (`>`) and received (`<`), in the order in which the
 * script sent or took them, with everything that differs from run to run replaced.
 */
export class Transcript {
  readonly lines: string[] = [];
  readonly #prefix: string;
  readonly #generated = new Map<string, string>();

  /** `prefix` is what the case puts in front of its names; it shows as `~`. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  note(text: string): void {
    this.lines.push(this.#normalise(text));
  }

  sent(where: string, method: string, args: Arguments): void {
    this.note(`${where} > ${method} ${show(args)}`.trimEnd());
  }

  sentContent(
    where: string,
    content: { args: Arguments; properties: Properties; body: Buffer },
  ): void {
    const { args, properties, body } = content;
    this.note(`${where} > basic.publish ${show(args)} ${show(properties)} ${showBody(body)}`);
  }

  received(where: string, item: Item): void {
    this.note(describe(where, item));
  }

  #normalise(text: string): string {
    return text
      .replaceAll(this.#prefix, "~")
      .replace(/"time":"T \d{10}"/g, '"time":"T <seconds>"')
      .replace(/amq\.(gen|ctag)-[A-Za-z0-9_-]{22}(?![A-Za-z0-9_-])/g, (name) => this.#number(name))
      .replace(/amq\.rabbitmq\.reply-to\.[^"' ]+/g, (name) => this.#number(name));
  }

  /** Generated names become `amq.gen-<1>`, `amq.gen-<2>`: the same name shows the same number. */
  #number(name: string): string {
    const kind = name.startsWith("amq.rabbitmq")
      ? "amq.rabbitmq.reply-to."
      : name.slice(0, name.indexOf("-") + 1);
    const known = this.#generated.get(name);
    if (known !== undefined) return known;
    const earlier = [...this.#generated.values()].filter((shown) => shown.startsWith(kind));
    const shown = `${kind}<${earlier.length + 1}>`;
    this.#generated.set(name, shown);
    return shown;
  }
}

/** One received item as a line. */
function describe(where: string, item: Item): string {
  const args = item.method === "connection.start" ? startArgs(item) : item.args;
  const head = `${where} < ${item.method} ${show(args)}`.trimEnd();
  if (item.content === undefined) return head;
  return `${head} ${show(item.content.properties)} ${showBody(item.content.body)}`;
}

/** Versions, host names and licences differ by design: of the server properties only keys and capabilities count. */
function startArgs(item: Item): object {
  const properties = item.args["server-properties"];
  if (typeof properties !== "object" || Array.isArray(properties)) return item.args;
  return {
    ...item.args,
    "server-properties": {
      capabilities: properties["capabilities"],
      keys: Object.keys(properties).sort(),
    },
  };
}

function show(value: object): string {
  const text = JSON.stringify(value, (_key, inner: unknown) => showInner(inner));
  return text === "{}" ? "" : text;
}

function showInner(value: unknown): unknown {
  if (value instanceof Typed) return { [`!${value.type}`]: value.value };
  if (typeof value === "bigint") return `${value}`;
  const bytes = asBytes(value);
  return bytes === undefined ? value : `0x${bytes.toString("hex")}`;
}

/** JSON.stringify hands a Buffer to its replacer as `{type: "Buffer", data: [...]}`. */
function asBytes(value: unknown): Buffer | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (!("type" in value) || value.type !== "Buffer" || !("data" in value)) return undefined;
  return Buffer.from(value.data as number[]);
}

function showBody(body: Buffer): string {
  if (body.length > BODY_SHOWN_MAX) return `<${body.length} bytes>`;
  return JSON.stringify(body.toString());
}
