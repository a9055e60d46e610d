import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { MessageStats, QueueTotals } from "../api/types.ts";
import { rate, shortNumber } from "../format/quantities.ts";
import { t } from "../i18n/translate.ts";
import { chooseRange, rangeChoices, rangeName } from "./chart-ranges.ts";
import { Choice } from "./parts.tsx";
import { type ChartData, levelsOf, ratesOf } from "./samples.ts";
import { type Series, TimeChart } from "./time-chart.tsx";

/** Lines of messages in queues, in the order of `totalsData`. */
export function totalsSeries(): readonly Series[] {
  return [
    { key: "messages_ready", label: t("Ready"), color: "--line-2" },
    { key: "messages_unacknowledged", label: t("Unacked"), color: "--line-3" },
    { key: "messages", label: t("Total"), color: "--line-1" },
  ];
}

export function totalsData(totals: QueueTotals | undefined): ChartData {
  return levelsOf([
    totals?.messages_ready_details,
    totals?.messages_unacknowledged_details,
    totals?.messages_details,
  ]);
}

/** A kind of message rate: its key in `MessageStats` without `_details`. */
export type RateKey =
  | "publish"
  | "publish_in"
  | "publish_out"
  | "confirm"
  | "deliver"
  | "deliver_no_ack"
  | "get"
  | "get_no_ack"
  | "get_empty"
  | "ack"
  | "redeliver"
  | "return_unroutable"
  | "drop_unroutable";

/** The rates that the whole broker has. */
export const BROKER_RATES: readonly RateKey[] = [
  "publish",
  "confirm",
  "deliver",
  "deliver_no_ack",
  "ack",
  "redeliver",
  "get",
  "get_no_ack",
  "return_unroutable",
  "drop_unroutable",
];

/** The rates that a queue has. */
export const QUEUE_RATES: readonly RateKey[] = [
  "publish",
  "deliver",
  "deliver_no_ack",
  "ack",
  "redeliver",
  "get",
  "get_no_ack",
  "get_empty",
];

/** The rates that a channel has. */
export const CHANNEL_RATES: readonly RateKey[] = [
  "publish",
  "confirm",
  "deliver",
  "deliver_no_ack",
  "ack",
  "redeliver",
  "get",
  "get_no_ack",
  "return_unroutable",
  "drop_unroutable",
];

export const EXCHANGE_RATES: readonly RateKey[] = ["publish_in", "publish_out"];

function rateLabel(key: RateKey): string {
  return {
    publish: t("Publish"),
    publish_in: t("Publish in"),
    publish_out: t("Publish out"),
    confirm: t("Confirm"),
    deliver: t("Deliver (manual ack)"),
    deliver_no_ack: t("Deliver (auto ack)"),
    get: t("Get (manual ack)"),
    get_no_ack: t("Get (auto ack)"),
    get_empty: t("Get (empty)"),
    ack: t("Consumer ack"),
    redeliver: t("Redelivered"),
    return_unroutable: t("Unroutable (returned)"),
    drop_unroutable: t("Unroutable (dropped)"),
  }[key];
}

const COLORS = [
  "--line-1",
  "--line-7",
  "--line-3",
  "--line-5",
  "--line-2",
  "--line-6",
  "--line-4",
  "--line-8",
  "--line-6",
  "--line-4",
];

export function rateSeries(keys: readonly RateKey[]): readonly Series[] {
  return keys.map((key, at) => ({
    key,
    label: rateLabel(key),
    color: COLORS[at % COLORS.length] ?? "--line-1",
  }));
}

export function ratesData(stats: MessageStats | undefined, keys: readonly RateKey[]): ChartData {
  return ratesOf(keys.map((key) => stats?.[`${key}_details`]));
}

/** Messages in a queue, or in all, over time. */
export function TotalsChart(props: { readonly totals: QueueTotals | undefined }): JSX.Element {
  const data = useMemo(() => totalsData(props.totals), [props.totals]);
  return (
    <TimeChart
      label={t("Queued messages")}
      series={totalsSeries()}
      data={data}
      format={shortNumber}
    />
  );
}

/** Rates of messages over time. */
export function RatesChart(props: {
  readonly stats: MessageStats | undefined;
  readonly keys: readonly RateKey[];
}): JSX.Element {
  const data = useMemo(() => ratesData(props.stats, props.keys), [props.stats, props.keys]);
  return (
    <TimeChart
      label={t("Message rates")}
      series={rateSeries(props.keys)}
      data={data}
      format={rate}
    />
  );
}

/** How far the charts look back. */
export function RangeChoice(): JSX.Element {
  return (
    <Choice
      label={t("Time range of the charts")}
      options={rangeChoices()}
      value={rangeName()}
      onChoose={chooseRange}
    />
  );
}
