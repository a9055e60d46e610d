/** RabbitMQ's units of memory, in bytes. */
const UNITS: ReadonlyMap<string, number> = new Map([
  ["gb", 1_000_000_000],
  ["gib", 2 ** 30],
  ["mb", 1_000_000],
  ["mib", 2 ** 20],
  ["bytes", 1],
]);

export function isUnit(text: string): boolean {
  return UNITS.has(text.toLowerCase());
}

/** `0.0613 gb`: four digits behind the point at most, one at least, as Elixir rounds. Bytes are whole. */
export function sizeText(size: number, unit: string): string {
  const name = unit.toLowerCase();
  if (name === "bytes") return `${size} bytes`;
  const rounded = Math.round((size / (UNITS.get(name) ?? 1)) * 10_000) / 10_000;
  return `${Number.isInteger(rounded) ? rounded.toFixed(1) : rounded} ${name}`;
}

/** With two digits behind the point at most, and one at least. */
export function percent(part: number, whole: number): string {
  const rounded = whole === 0 ? 0 : Math.round((part / whole) * 10_000) / 100;
  return Number.isInteger(rounded) ? rounded.toFixed(1) : String(rounded);
}
