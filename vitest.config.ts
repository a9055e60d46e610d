import { defineConfig } from "vitest/config";

const conditions: string[] = ["@leveret/source", "node", "import"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: [
      "packages/*/test/**/*.test.ts",
      "packages/*/examples/*.test.ts",
      "test/conformance/**/*.test.ts",
      "test/docs/**/*.test.ts",
    ],
  },
});
