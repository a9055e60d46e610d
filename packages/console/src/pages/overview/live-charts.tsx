import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Overview } from "../../api/types.ts";
import { rate, shortNumber } from "../../format/quantities.ts";
import { t } from "../../i18n/translate.ts";
import { range } from "../../ui/chart-ranges.ts";
import {
  BROKER_RATES,
  rateSeries,
  ratesData,
  totalsData,
  totalsSeries,
} from "../../ui/message-charts.tsx";
import { Section } from "../../ui/parts.tsx";
import { appended, type ChartData } from "../../ui/samples.ts";
import { TimeChart } from "../../ui/time-chart.tsx";
import type { Live } from "./live-figures.ts";

/** Longer ranges have points minutes apart; seconds would only crowd them. */
const LIVE_AGE_MAX = 600;

/** The two charts of the overview: the past as it was sampled, then a point for each second. */
export function LiveCharts(props: {
  readonly overview: Overview;
  readonly live: Live | undefined;
}): JSX.Element {
  const { overview, live } = props;
  const totals = useMemo(() => totalsData(overview.queue_totals), [overview.queue_totals]);
  const rates = useMemo(
    () => ratesData(overview.message_stats, BROKER_RATES),
    [overview.message_stats],
  );
  const totalKeys = totalsSeries().map(({ key }) => `queue_totals.${key}`);
  const rateKeys = BROKER_RATES.map((key) => `message_stats.${key}_rate`);
  return (
    <div class="columns">
      <Section title={t("Queued messages")}>
        <TimeChart
          label={t("Queued messages")}
          series={totalsSeries()}
          data={useGrowing(totals, live, totalKeys)}
          format={shortNumber}
        />
      </Section>
      <Section title={t("Message rates")}>
        <TimeChart
          label={t("Message rates")}
          series={rateSeries(BROKER_RATES)}
          data={useGrowing(rates, live, rateKeys)}
          format={rate}
        />
      </Section>
    </div>
  );
}

/** `past`, to which the figures of each second are appended. */
function useGrowing(past: ChartData, live: Live | undefined, keys: readonly string[]): ChartData {
  const [data, setData] = useState(past);
  const { age } = range();
  useEffect(() => setData(past), [past]);
  useEffect(() => {
    if (live?.hasRates === true && age <= LIVE_AGE_MAX) {
      setData((before) =>
        appended(
          before,
          live.time,
          keys.map((key) => live.figures[key] ?? null),
          age,
        ),
      );
    }
  }, [live, age]);
  return data;
}
