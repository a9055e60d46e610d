import { describe, expect, it } from "vitest";
import type { BindingInfo } from "../src/api/types.ts";
import { layOut } from "../src/pages/topology/graph-layout.ts";
import { chooseEdges, nodesOf } from "../src/pages/topology/graph-model.ts";

function binding(
  source: string,
  destination: string,
  routing_key = "",
  destination_type: "queue" | "exchange" = "queue",
): BindingInfo {
  return { source, destination, destination_type, routing_key, vhost: "/", properties_key: "~" };
}

describe("the topology", () => {
  it("leaves out the default exchange and joins bindings between the same two", () => {
    const { edges } = chooseEdges(
      [binding("", "q", "q"), binding("e", "q", "a"), binding("e", "q", "b")],
      "",
      10,
    );
    expect(edges).toEqual([{ from: "exchange/e", to: "queue/q", text: "a, b" }]);
  });

  it("shows what is near to the filter, and says what does not fit into the picture", () => {
    const all = [
      binding("e", "orders"),
      binding("x", "other"),
      binding("orders.in", "e", "", "exchange"),
    ];
    expect(chooseEdges(all, "ORDERS", 10).edges.map(({ to }) => to)).toEqual([
      "queue/orders",
      "exchange/e",
    ]);
    expect(chooseEdges(all, "", 1)).toMatchObject({ left: 2 });
  });

  it("is laid out from left to right without two boxes on one place, cycles included", () => {
    const { edges } = chooseEdges(
      [binding("a", "b", "", "exchange"), binding("b", "a", "", "exchange"), binding("a", "q")],
      "",
      10,
    );
    const nodes = nodesOf(edges, [], []);
    const placed = layOut(nodes, edges);
    const places = placed.nodes.map(({ x, y }) => `${Math.round(x)},${Math.round(y)}`);
    expect(new Set(places).size).toBe(3);
    expect(placed.edges).toHaveLength(3);
    const q = placed.nodes.find(({ id }) => id === "queue/q");
    const a = placed.nodes.find(({ id }) => id === "exchange/a");
    expect(q?.x).toBeGreaterThan(a?.x ?? Number.POSITIVE_INFINITY);
  });
});
