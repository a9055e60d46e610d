import { defineConfig } from "vitest/config";

const conditions: string[] = ["@leveret/source", "node", "import"];

/** The recorded cases at clusters of three: queues and clients at the same node, at others, all over. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: { maxWorkers: 2, include: ["test/conformance/cluster/variants/*.test.ts"] },
});
