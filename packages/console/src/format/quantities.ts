/** Texts of figures, in the units that people read: counts, rates, bytes, durations, times. A missing figure is a dash. */

/** What stands where a figure is missing: the broker did not say, which is not the same as zero. */
export const MISSING = "–";

const plain = new Intl.NumberFormat("en-US");

/** A count with separators for thousands. */
export function count(value: number | undefined | null): string {
  return isFigure(value) ? plain.format(value) : MISSING;
}

/** A rate per second: two digits below 10, whole numbers above, thousands as k and M. */
export function rate(value: number | undefined | null): string {
  if (!isFigure(value)) {
    return MISSING;
  }
  return `${shortNumber(value)}/s`;
}

/** A number in at most four characters and a letter, for axes and cells. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9) {
    return `${trim(value / 1e9)}G`;
  }
  if (size >= 1e6) {
    return `${trim(value / 1e6)}M`;
  }
  if (size >= 1e4) {
    return `${trim(value / 1e3)}k`;
  }
  return trim(value);
}

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** Bytes in binary units. */
export function bytes(value: number | undefined | null): string {
  if (!isFigure(value)) {
    return MISSING;
  }
  let rest = value;
  let unit = 0;
  while (Math.abs(rest) >= 1024 && unit < BYTE_UNITS.length - 1) {
    rest /= 1024;
    unit += 1;
  }
  return `${trim(rest)} ${BYTE_UNITS[unit]}`;
}

/** Bytes per second. */
export function byteRate(value: number | undefined | null): string {
  return isFigure(value) ? `${bytes(value)}/s` : MISSING;
}

/** A share of one as a percentage. */
export function percent(share: number | undefined | null): string {
  return isFigure(share) ? `${trim(share * 100)}%` : MISSING;
}

/** A duration in its two largest units; milliseconds below one second. */
export function duration(ms: number | undefined | null): string {
  if (!isFigure(ms)) {
    return MISSING;
  }
  if (ms < 1000) {
    return `${Math.round(ms)} ms`;
  }
  const seconds = Math.floor(ms / 1000);
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(" ");
}

/** Local date and time of milliseconds since 1970. */
export function dateTime(ms: number | undefined | null): string {
  if (!isFigure(ms)) {
    return MISSING;
  }
  const date = new Date(ms);
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(twoDigits).join("-");
  return `${day} ${clock(ms)}`;
}

/** Local time of day of milliseconds since 1970. */
export function clock(ms: number): string {
  const date = new Date(ms);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(":");
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

function trim(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return String(Number(value.toFixed(digits)));
}

function isFigure(value: number | undefined | null): value is number {
  return typeof value === "number" && Number.isFinite(value);
}
