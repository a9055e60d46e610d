import { Graph, layout } from "@dagrejs/dagre";
import type { GraphEdge, GraphNode } from "./graph-model.ts";

/** Where everything of the picture is, in CSS pixels. */
export interface PlacedGraph {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly {
    readonly id: string;
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
  }[];
  readonly edges: readonly {
    readonly id: string;
    readonly path: string;
    readonly text: string;
    readonly label: Point;
  }[];
}

interface Point {
  readonly x: number;
  readonly y: number;
}

const BOX = { width: 220, height: 46 } as const;
const LETTER_WIDTH = 6.5;
const LABEL_WIDTH_MAX = 180;

/** From left to right, with as few crossings as dagre finds. */
export function layOut(nodes: readonly GraphNode[], edges: readonly GraphEdge[]): PlacedGraph {
  const graph = new Graph({ multigraph: false });
  graph.setGraph({ rankdir: "LR", nodesep: 18, ranksep: 60, marginx: 8, marginy: 8 });
  for (const node of nodes) {
    graph.setNode(node.id, { ...BOX });
  }
  for (const edge of edges) {
    graph.setEdge(edge.from, edge.to, {
      width: Math.min(LABEL_WIDTH_MAX, edge.text.length * LETTER_WIDTH),
      height: 14,
      labelpos: "c",
    });
  }
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return {
    width,
    height,
    nodes: nodes.map(({ id }) => ({
      id,
      ...(graph.node(id) as { x: number; y: number; width: number; height: number }),
    })),
    edges: edges.map((edge) => {
      const placed = graph.edge(edge.from, edge.to) as {
        points: readonly Point[];
        x?: number;
        y?: number;
      };
      return {
        id: `${edge.from}>${edge.to}`,
        path: pathThrough(placed.points),
        text:
          edge.text.length * LETTER_WIDTH > LABEL_WIDTH_MAX
            ? `${edge.text.slice(0, 26)}…`
            : edge.text,
        label: { x: placed.x ?? 0, y: (placed.y ?? 0) + 4 },
      };
    }),
  };
}

/** A smooth line: each inner point is the control of a curve between the middles of its sides. */
function pathThrough(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (first === undefined) {
    return "";
  }
  const inner = rest.slice(0, -1).map((point, at) => {
    const next = rest[at + 1] ?? point;
    return `Q${point.x} ${point.y} ${(point.x + next.x) / 2} ${(point.y + next.y) / 2}`;
  });
  const last = rest.at(-1) ?? first;
  return `M${first.x} ${first.y}${inner.join("")}L${last.x} ${last.y}`;
}
