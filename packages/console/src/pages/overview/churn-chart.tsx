import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { Details, Overview } from "../../api/types.ts";
import { rate } from "../../format/quantities.ts";
import { t } from "../../i18n/translate.ts";
import { ratesOf } from "../../ui/samples.ts";
import { type Series, TimeChart } from "../../ui/time-chart.tsx";

const KEYS = [
  "connection_created",
  "connection_closed",
  "channel_created",
  "channel_closed",
  "queue_declared",
  "queue_created",
  "queue_deleted",
];

/** How often connections, channels and queues come and go. */
export function ChurnChart(props: { readonly rates: Overview["churn_rates"] }): JSX.Element {
  const data = useMemo(
    () => ratesOf(KEYS.map((key) => props.rates?.[`${key}_details`] as Details | undefined)),
    [props.rates],
  );
  return (
    <>
      <p class="muted small-text">
        {t(
          "Clients that open a connection or a channel for every message make these lines rise; both are meant to stay open.",
        )}
      </p>
      <TimeChart label={t("Churn")} series={series()} data={data} format={rate} height={160} />
    </>
  );
}

function series(): readonly Series[] {
  const labels = [
    t("Connections opened"),
    t("Connections closed"),
    t("Channels opened"),
    t("Channels closed"),
    t("Queues declared"),
    t("Queues created"),
    t("Queues deleted"),
  ];
  return KEYS.map((key, at) => ({ key, label: labels[at] ?? key, color: `--line-${at + 1}` }));
}
