import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { apiPath } from "../../api/client.ts";
import { useResource } from "../../api/resource.ts";
import type { BindingInfo, ExchangeInfo, QueueInfo } from "../../api/types.ts";
import { href } from "../../app/router.ts";
import { count, rate } from "../../format/quantities.ts";
import { t } from "../../i18n/translate.ts";
import { exchangeAddress } from "../../ui/object-links.tsx";
import { Pending, Section } from "../../ui/parts.tsx";
import type { PlacedGraph } from "./graph-layout.ts";
import { chooseEdges, type GraphEdge, type GraphNode, nodesOf } from "./graph-model.ts";

/** More edges than these make no picture that anybody reads. */
const EDGES_MAX = 200;

/** The picture of a virtual host's exchanges, bindings and queues, or of those near what the filter names. */
export function TopologyGraph(props: { readonly vhost: string }): JSX.Element {
  const [filter, setFilter] = useState("");
  const bindings = useResource<readonly BindingInfo[]>(apiPath("bindings", props.vhost));
  const queues = useResource<readonly QueueInfo[]>(
    `${apiPath("queues", props.vhost)}?columns=name,vhost,messages,message_stats.publish_details.rate,message_stats.deliver_get_details.rate,consumers`,
  );
  const exchanges = useResource<readonly ExchangeInfo[]>(
    `${apiPath("exchanges", props.vhost)}?columns=name,vhost,type,message_stats.publish_in_details.rate`,
  );
  if (bindings.data === undefined) {
    return <Pending error={bindings.error} />;
  }
  const { edges, left } = chooseEdges(bindings.data, filter, EDGES_MAX);
  const nodes = nodesOf(edges, queues.data ?? [], exchanges.data ?? []);
  return (
    <Section
      title={t("Exchanges, bindings and queues")}
      aside={
        <input
          type="search"
          class="filter"
          data-filter
          aria-label={t("Filter by name")}
          placeholder={t("Filter by name ( / )")}
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
      }
    >
      {left > 0 && (
        <p class="notice">
          {t("{n} bindings are not shown; filter by a name to see those near it.", { n: left })}
        </p>
      )}
      {edges.length === 0 ? (
        <p class="muted empty">
          {t(
            "No queue is bound to an exchange here, but for the default exchange, to which all are bound.",
          )}
        </p>
      ) : (
        <Picture edges={edges} nodes={nodes} vhost={props.vhost} />
      )}
    </Section>
  );
}

interface PictureProps {
  readonly edges: readonly GraphEdge[];
  readonly nodes: readonly GraphNode[];
  readonly vhost: string;
}

function Picture(props: PictureProps): JSX.Element {
  const { edges, nodes } = props;
  const [placed, setPlaced] = useState<PlacedGraph>();
  const shape = JSON.stringify([edges, nodes.map((node) => node.id)]);
  useEffect(() => {
    let isGone = false;
    void import("./graph-layout.ts").then(({ layOut }) => {
      if (!isGone) {
        setPlaced(layOut(nodes, edges));
      }
    });
    return () => {
      isGone = true;
    };
  }, [shape]);
  if (placed === undefined) {
    return <p class="muted">{t("Loading…")}</p>;
  }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section class="graph" tabIndex={0} aria-label={t("Exchanges, bindings and queues")}>
      <svg
        width={placed.width}
        height={placed.height}
        viewBox={`0 0 ${placed.width} ${placed.height}`}
      >
        <title>{t("Exchanges, bindings and queues")}</title>
        <defs>
          <marker
            id="arrow"
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="7"
            markerHeight="7"
            orient="auto"
          >
            <path d="M0 0 8 4 0 8z" class="arrow" />
          </marker>
        </defs>
        {placed.edges.map((edge) => (
          <g key={edge.id}>
            <path d={edge.path} class="edge" marker-end="url(#arrow)" />
            <text x={edge.label.x} y={edge.label.y} text-anchor="middle" class="edge-label">
              {edge.text}
            </text>
          </g>
        ))}
        {placed.nodes.map((place) => {
          const node = nodes.find(({ id }) => id === place.id);
          return (
            node !== undefined && (
              <Box key={node.id} node={node} place={place} vhost={props.vhost} />
            )
          );
        })}
      </svg>
    </section>
  );
}

function Box(props: {
  readonly node: GraphNode;
  readonly place: PlacedGraph["nodes"][number];
  readonly vhost: string;
}): JSX.Element {
  const { node, place } = props;
  const address =
    node.kind === "queue"
      ? href(["queues", props.vhost, node.name])
      : exchangeAddress(props.vhost, node.name);
  const detail =
    node.kind === "queue"
      ? t("{n} messages · {rate} in", { n: count(node.messages), rate: rate(node.rate) })
      : t("{type} · {rate} in", { type: node.type ?? "", rate: rate(node.rate) });
  return (
    <a href={address}>
      <rect
        x={place.x - place.width / 2}
        y={place.y - place.height / 2}
        width={place.width}
        height={place.height}
        rx={node.kind === "queue" ? 4 : 20}
        class={`box box-${node.kind}`}
      />
      <text x={place.x} y={place.y - 4} text-anchor="middle" class="box-name">
        {shortened(node.name)}
      </text>
      <text x={place.x} y={place.y + 13} text-anchor="middle" class="box-detail">
        {detail}
      </text>
      <title>{node.name}</title>
    </a>
  );
}

const NAME_SHOWN_MAX = 28;

function shortened(name: string): string {
  return name.length > NAME_SHOWN_MAX ? `${name.slice(0, NAME_SHOWN_MAX - 1)}…` : name;
}
