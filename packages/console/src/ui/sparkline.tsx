import type { JSX } from "preact";

const WIDTH = 72;
const HEIGHT = 18;

/** A small line of the last values, for a table's cell. Fewer than two values draw nothing. */
export function Sparkline(props: {
  readonly values: readonly number[];
  readonly label: string;
}): JSX.Element {
  if (props.values.length < 2) {
    return <span class="sparkline" />;
  }
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      width={WIDTH}
      height={HEIGHT}
      role="img"
      aria-label={props.label}
    >
      <polyline points={pointsOf(props.values)} />
    </svg>
  );
}

/** The values as points of an SVG line in the box; the highest value touches the top, zero the bottom. */
export function pointsOf(values: readonly number[]): string {
  const top = Math.max(1, ...values);
  const step = WIDTH / (values.length - 1);
  return values
    .map(
      (value, at) =>
        `${(at * step).toFixed(1)},${(HEIGHT - 1 - (value / top) * (HEIGHT - 2)).toFixed(1)}`,
    )
    .join(" ");
}
