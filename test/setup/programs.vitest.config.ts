import { defineConfig, mergeConfig } from "vitest/config";
import base from "../../vitest.config.ts";
import { PROGRAM_TESTS } from "./program-tests.ts";

/** As the tests of `npm test`, for the files that it leaves to this part. */
const { include: _include, exclude: _exclude, ...test } = base.test ?? {};

export default mergeConfig(
  { ...base, test },
  defineConfig({ test: { include: [...PROGRAM_TESTS] } }),
);
