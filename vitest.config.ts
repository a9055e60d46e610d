import { join } from "node:path";
import { configDefaults, defineConfig } from "vitest/config";
import { PROGRAM_TESTS } from "./test/setup/program-tests.ts";

const conditions: string[] = ["@leveret/source", "node", "import"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    // By default one core of two stays idle.
    maxWorkers: 2,
    globalSetup: join(import.meta.dirname, "test/setup/build-programs.ts"),
    // A machine that others use, too, may be many times slower: a test fails by what it sees, not by how long that takes.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    include: [
      "packages/*/test/**/*.test.ts",
      "packages/*/examples/*.test.ts",
      "test/conformance/**/*.test.ts",
      "test/docs/**/*.test.ts",
      "test/chaos/**/*.test.ts",
    ],
    // The recorded cases at clusters once more, in other ways: `npm run test:variants`.
    exclude: [
      ...configDefaults.exclude,
      "test/conformance/cluster/variants/**",
      // `npm run test:programs`
      ...PROGRAM_TESTS,
    ],
  },
});
