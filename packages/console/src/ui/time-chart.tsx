import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type uPlot from "uplot";
import { remembered, theme } from "../app/preferences.ts";
import { clock, MISSING } from "../format/quantities.ts";
import { t } from "../i18n/translate.ts";

/** One line of a chart. */
export interface Series {
  readonly key: string;
  readonly label: string;
  /** A CSS variable's name, such as `--line-1`. */
  readonly color: string;
}

interface TimeChartProps {
  readonly label: string;
  readonly series: readonly Series[];
  /** Seconds since 1970, ascending, then one list of values for each series. */
  readonly data: readonly (readonly (number | null)[])[];
  readonly format: (value: number) => string;
  readonly height?: number;
}

/** Lines that the user switched off, by `chart label/series`. */
const hiddenLines = remembered<Readonly<Record<string, boolean>>>("hidden-lines", {});

/** Lines over time as wide as the page, with the values under the pointer, and beside it the last ones. */
export function TimeChart(props: TimeChartProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const isHidden = (series: Series): boolean =>
    hiddenLines.value[`${props.label}/${series.key}`] === true;
  const hidden = props.series.map(isHidden);

  useEffect(() => {
    let isGone = false;
    let stop: (() => void) | undefined;
    void drawIn(place.current, latest).then((drawn) => {
      if (isGone) {
        drawn?.stop();
        return;
      }
      plot.current = drawn?.plot;
      stop = drawn?.stop;
    });
    return () => {
      isGone = true;
      stop?.();
      plot.current = undefined;
    };
  }, [theme.value, props.label, props.series.length]);

  useEffect(() => {
    plot.current?.setData(toPlot(props.data));
  }, [props.data]);
  useEffect(() => {
    for (const [at, isOff] of hidden.entries()) {
      plot.current?.setSeries(at + 1, { show: !isOff });
    }
  }, [hidden.join()]);

  return (
    <figure class="chart">
      <figcaption class="visually-hidden">{props.label}</figcaption>
      <div ref={place} class="chart-place" style={{ height: `${props.height ?? 200}px` }} />
      <ul class="legend" aria-label={t("Lines of {chart}", { chart: props.label })}>
        {props.series.map((series, at) => (
          <li key={series.key}>
            <button
              type="button"
              class="legend-line"
              aria-pressed={!hidden[at]}
              onClick={() => {
                hiddenLines.value = {
                  ...hiddenLines.value,
                  [`${props.label}/${series.key}`]: !hidden[at],
                };
              }}
            >
              <span
                class="swatch"
                style={{ background: `var(${series.color})` }}
                aria-hidden="true"
              />
              <span class="legend-name">{series.label}</span>
              <span class="legend-value">{lastValue(props.data[at + 1], props.format)}</span>
            </button>
          </li>
        ))}
      </ul>
    </figure>
  );
}

function lastValue(
  values: readonly (number | null)[] | undefined,
  format: (value: number) => string,
): string {
  const last = values?.at(-1);
  return last === undefined || last === null ? MISSING : format(last);
}

function toPlot(data: TimeChartProps["data"]): uPlot.AlignedData {
  return data as unknown as uPlot.AlignedData;
}

async function drawIn(
  place: HTMLDivElement | null,
  latest: { readonly current: TimeChartProps },
): Promise<{ plot: uPlot; stop: () => void } | undefined> {
  const { default: Plot } = await import("./plot.ts");
  if (place === null || !place.isConnected) {
    return undefined;
  }
  const props = latest.current;
  const tooltip = document.createElement("div");
  tooltip.className = "chart-tip";
  tooltip.hidden = true;
  const plot = new Plot(optionsFor(place, latest, tooltip), toPlot(props.data), place);
  plot.over.append(tooltip);
  for (const [at, series] of props.series.entries()) {
    if (hiddenLines.peek()[`${props.label}/${series.key}`] === true) {
      plot.setSeries(at + 1, { show: false });
    }
  }
  const resize = new ResizeObserver(() =>
    plot.setSize({ width: place.clientWidth, height: place.clientHeight }),
  );
  resize.observe(place);
  return {
    plot,
    stop: () => {
      resize.disconnect();
      plot.destroy();
    },
  };
}

function optionsFor(
  place: HTMLDivElement,
  latest: { readonly current: TimeChartProps },
  tooltip: HTMLDivElement,
): uPlot.Options {
  const color = colorReader(place);
  const axis = {
    stroke: color("--muted"),
    grid: { stroke: color("--line"), width: 1 },
    ticks: { show: false },
    font: "11px system-ui, sans-serif",
  };
  const { series } = latest.current;
  return {
    width: place.clientWidth,
    height: place.clientHeight,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 6 } },
    scales: { y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [
      {
        ...axis,
        values: (_plot, splits) => splits.map((at) => clock(at * 1000)),
        space: 80,
        size: 28,
      },
      {
        ...axis,
        size: 56,
        values: (_plot, splits) => splits.map((value) => latest.current.format(value)),
      },
    ],
    series: [
      {},
      ...series.map((one) => ({
        label: one.label,
        stroke: color(one.color),
        width: 1.75,
        points: { show: false },
      })),
    ],
    hooks: { setCursor: [(plot: uPlot) => showTip(plot, latest.current, tooltip)] },
  };
}

/** A variable's colour in the theme of now, as a canvas understands it: what `color` computes to. */
function colorReader(place: HTMLElement): (name: string) => string {
  const probe = document.createElement("span");
  place.append(probe);
  return (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
}

function showTip(plot: uPlot, props: TimeChartProps, tooltip: HTMLDivElement): void {
  const { idx, left } = plot.cursor;
  if (idx === null || idx === undefined || left === undefined || left < 0) {
    tooltip.hidden = true;
    return;
  }
  const at = plot.data[0][idx];
  const lines = props.series.flatMap((series, place) => {
    const value = plot.data[place + 1]?.[idx];
    return plot.series[place + 1]?.show && typeof value === "number"
      ? [`${series.label}  ${props.format(value)}`]
      : [];
  });
  tooltip.textContent = [clock((at ?? 0) * 1000), ...lines].join("\n");
  tooltip.hidden = false;
  const isRight = left > plot.over.clientWidth / 2;
  tooltip.style.left = isRight ? "auto" : `${left + 12}px`;
  tooltip.style.right = isRight ? `${plot.over.clientWidth - left + 12}px` : "auto";
}
