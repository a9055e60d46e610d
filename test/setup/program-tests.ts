/** Tests that start whole programs, or clusters, again and again: a part of .ci/run, so that `npm test` stays short. */
export const PROGRAM_TESTS: readonly string[] = [
  "packages/node/test/cluster/operations/*.integration.test.ts",
  "packages/node/test/control/leveretctl.integration.test.ts",
  "packages/node/test/control/migrate.integration.test.ts",
  "packages/node/test/control/operator-commands.integration.test.ts",
  "packages/node/test/detached-start.integration.test.ts",
  "packages/node/test/durable/crash.integration.test.ts",
  "packages/node/test/durable/restart/**/*.test.ts",
  "packages/node/test/embed/package.integration.test.ts",
  "packages/node/test/embed/process-cluster.integration.test.ts",
  "packages/node/test/integration/npm-start.integration.test.ts",
  "packages/node/test/integration/process.integration.test.ts",
  "packages/node/test/raft/kill-9.integration.test.ts",
  "packages/node/test/shell/*.integration.test.ts",
];
