import type { SampleWindows } from "@leveret/management";
import * as v from "valibot";
import { NO_PARAMS, type NodeMethods, whileRunning } from "../control/control-method.ts";
import { SAMPLES_MAX } from "../statistics/statistics-limits.ts";
import { ownParts, ownValues } from "./list-with-statistics.ts";
import { STATISTICS_KINDS } from "./object-statistics.ts";
import { ownSummary } from "./statistics-summary.ts";

const RANGE = v.pipe(
  v.object({ endMs: v.number(), ageMs: v.number(), stepMs: v.pipe(v.number(), v.minValue(1)) }),
  v.check(({ ageMs, stepMs }) => ageMs / stepMs <= SAMPLES_MAX, "too many samples"),
);
export const WINDOWS: v.GenericSchema<unknown, SampleWindows> = v.object({
  lengths: v.exactOptional(RANGE),
  msg_rates: v.exactOptional(RANGE),
  data_rates: v.exactOptional(RANGE),
  node_stats: v.exactOptional(RANGE),
});

const OBJECTS = {
  kind: v.picklist(STATISTICS_KINDS),
  ids: v.array(v.union([v.string(), v.tuple([v.string(), v.string()])])),
};

/** What nodes ask each other for the statistics of the management API. Each answers for itself. */
export const STATISTICS_METHODS: NodeMethods = {
  statistics_summary: whileRunning(
    v.object({ vhosts: v.optional(v.array(v.string())), windows: WINDOWS }),
    async ({ broker }, { vhosts, windows }) => ownSummary(broker, { vhosts, windows }),
  ),
  statistics_vhosts: whileRunning(
    v.object({ windows: WINDOWS }),
    async ({ broker }, { windows }) => [...broker.figures.statistics.vhosts(windows)],
  ),
  statistics_parts: whileRunning(
    v.object({ ...OBJECTS, windows: WINDOWS, isDetailed: v.boolean() }),
    (running, { kind, ids, ...options }) => ownParts(running, kind, ids, options),
  ),
  statistics_values: whileRunning(
    v.object({ ...OBJECTS, path: v.array(v.string()) }),
    (running, { kind, ids, path }) => ownValues(running, kind, ids, path),
  ),
  statistics_memory: whileRunning(NO_PARAMS, async ({ broker }) =>
    broker.figures.memoryBreakdown(),
  ),
  statistics_reset: whileRunning(NO_PARAMS, async ({ broker }) => {
    broker.figures.statistics.reset();
    return true;
  }),
};
