import { expect, test } from "vitest";
import { PRODUCT } from "../src/product.ts";

test("the product reports versions that clients can parse", () => {
  expect(PRODUCT).toMatchObject({ name: "Leveret", version: "3.13.7" });
  expect(PRODUCT.productVersion).toMatch(/^\d+\.\d+\.\d+/);
  expect(PRODUCT.platform).toBe(`Node.js ${process.versions.node}`);
});
