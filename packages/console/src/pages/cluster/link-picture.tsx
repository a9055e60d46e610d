import type { JSX } from "preact";
import type { NodeInfo } from "../../api/types.ts";
import { t } from "../../i18n/translate.ts";
import { Section } from "../../ui/parts.tsx";

const WIDTH = 480;
const HEIGHT = 270;
const RADIUS = 95;

/** The nodes in a ring, with a line between each two that reach each other. */
export function LinkPicture(props: { readonly nodes: readonly NodeInfo[] }): JSX.Element {
  const { nodes } = props;
  const places = new Map(nodes.map((node, at) => [node.name, placeOf(at, nodes.length)]));
  const pairs = nodes.flatMap((one, at) =>
    nodes.slice(at + 1).map((other) => [one, other] as const),
  );
  return (
    <Section title={t("Who reaches whom")}>
      <svg
        class="links-picture"
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={sentence(pairs)}
      >
        {pairs.map(([one, other]) => {
          const [a, b] = [places.get(one.name), places.get(other.name)];
          return (
            a !== undefined &&
            b !== undefined && (
              <line
                key={`${one.name}/${other.name}`}
                x1={a.x}
                y1={a.y}
                x2={b.x}
                y2={b.y}
                class={isLinked(one, other) ? "link-up" : "link-down"}
              />
            )
          );
        })}
        {nodes.map((node) => {
          const place = places.get(node.name);
          return (
            place !== undefined && (
              <g key={node.name}>
                <circle
                  cx={place.x}
                  cy={place.y}
                  r="13"
                  class={node.running === true ? "node-up" : "node-down"}
                />
                <text
                  x={place.x}
                  y={place.y < HEIGHT / 2 ? place.y - 20 : place.y + 32}
                  text-anchor="middle"
                >
                  {node.name}
                </text>
              </g>
            )
          );
        })}
      </svg>
      <p class="muted small-text">{sentence(pairs)}</p>
    </Section>
  );
}

function placeOf(at: number, of: number): { readonly x: number; readonly y: number } {
  const angle = (at / of) * 2 * Math.PI - Math.PI / 2;
  return { x: WIDTH / 2 + RADIUS * Math.cos(angle), y: HEIGHT / 2 + RADIUS * Math.sin(angle) };
}

/** Both run, and neither reports that it is cut off from the other. */
function isLinked(one: NodeInfo, other: NodeInfo): boolean {
  const isCut = (node: NodeInfo, from: NodeInfo): boolean =>
    node.partitions?.includes(from.name) ?? false;
  return one.running === true && other.running === true && !isCut(one, other) && !isCut(other, one);
}

function sentence(pairs: readonly (readonly [NodeInfo, NodeInfo])[]): string {
  const cut = pairs.filter(([one, other]) => !isLinked(one, other));
  return cut.length === 0
    ? t("All nodes reach each other.")
    : t("Not connected: {pairs}.", {
        pairs: cut.map(([one, other]) => `${one.name} – ${other.name}`).join(", "),
      });
}
