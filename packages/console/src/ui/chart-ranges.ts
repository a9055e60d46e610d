import { remembered } from "../app/preferences.ts";
import { t } from "../i18n/translate.ts";

/** How far a chart looks back, with the step of its points, both in seconds; as in RabbitMQ's console. */
export interface ChartRange {
  readonly age: number;
  readonly step: number;
}

const RANGES: Readonly<Record<string, ChartRange>> = {
  "1m": { age: 60, step: 5 },
  "10m": { age: 600, step: 5 },
  "1h": { age: 3600, step: 60 },
  "8h": { age: 28_800, step: 600 },
  "24h": { age: 86_400, step: 1800 },
};

const chosenRange = remembered<string>("range", "1m");

/** The names of the ranges with their texts. */
export function rangeChoices(): readonly (readonly [string, string])[] {
  return [
    ["1m", t("1 min")],
    ["10m", t("10 min")],
    ["1h", t("1 h")],
    ["8h", t("8 h")],
    ["24h", t("24 h")],
  ];
}

export function rangeName(): string {
  return chosenRange.value in RANGES ? chosenRange.value : "1m";
}

export function chooseRange(name: string): void {
  chosenRange.value = name;
}

/** The range chosen; it is the same for all charts. */
export function range(): ChartRange {
  return RANGES[rangeName()] ?? { age: 60, step: 5 };
}

/** The API's query for samples of `kinds`, such as `lengths` or `msg_rates`. */
export function rangeQuery(kinds: readonly string[]): string {
  const { age, step } = range();
  return kinds.map((kind) => `${kind}_age=${age}&${kind}_incr=${step}`).join("&");
}
