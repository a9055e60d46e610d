/** `{vhost="/",queue="q"}` of label names and values, in this order; nothing if there are none. */
export function seriesOf(labels: readonly (readonly [name: string, value: string])[]): string {
  if (labels.length === 0) return "";
  return `{${labels.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(",")}}`;
}

const SPECIAL = /[\\"\n]/;

/** As the text format asks for it: backslash, quote and line feed. */
function escapeLabel(value: string): string {
  if (!SPECIAL.test(value)) return value;
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
