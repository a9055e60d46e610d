import { describe, expect, it } from "vitest";
import { href, parseHash } from "../src/app/router.ts";

describe("addresses", () => {
  it("reads those of RabbitMQ's console", () => {
    expect(parseHash("#/queues/%2F/orders%2Fpaid").path).toEqual(["queues", "/", "orders/paid"]);
    expect(parseHash("#/").path).toEqual([]);
    expect(parseHash("").path).toEqual([]);
  });

  it("come back from what they were made of, whatever a name holds", () => {
    const names = ["/", "a b", "100%", "ü?&#=", "汉字", "%2F"];
    for (const name of names) {
      const { path, query } = parseHash(href(["queues", name, name], { tab: name }));
      expect(path).toEqual(["queues", name, name]);
      expect(query.get("tab")).toBe(name);
    }
  });

  it("take a segment that is not well encoded as it stands", () => {
    expect(parseHash("#/queues/%/50%").path).toEqual(["queues", "%", "50%"]);
  });
});
