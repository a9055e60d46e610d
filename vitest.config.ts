import { defineConfig } from "vitest/config";

const conditions: string[] = ["@leveret/source", "node", "import"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    // By default one core of two stays idle.
    maxWorkers: 2,
    include: [
      "packages/*/test/**/*.test.ts",
      "packages/*/examples/*.test.ts",
      "test/conformance/**/*.test.ts",
      "test/docs/**/*.test.ts",
    ],
  },
});
