import { badRequest } from "../http-error.ts";
import { SAMPLES_MAX } from "../limits.ts";
import type { SampleRange, SampleWindows, WindowName } from "../model/statistics.ts";

const WINDOWS: readonly WindowName[] = ["lengths", "msg_rates", "data_rates", "node_stats"];

/** Query parameters that ask for samples: `msg_rates_age=60&msg_rates_incr=5`, both in seconds. */
export const SAMPLE_QUERY: readonly string[] = WINDOWS.flatMap((name) => [
  `${name}_age`,
  `${name}_incr`,
]);

/** Times are multiples of the step, so that samples of several nodes, and of several answers, go together. @throws HttpError */
export function sampleWindows(query: URLSearchParams, nowMs: number = Date.now()): SampleWindows {
  const windows: Partial<Record<WindowName, SampleRange>> = {};
  for (const name of WINDOWS) {
    const age = seconds(query, `${name}_age`);
    const step = seconds(query, `${name}_incr`);
    if (age === undefined || step === undefined) continue;
    if (step < 1) throw badRequest(`${name}_incr should be at least 1`);
    if (age / step > SAMPLES_MAX) throw badRequest(`more than ${SAMPLES_MAX} samples`);
    const stepMs = step * 1000;
    const endMs = Math.floor(nowMs / stepMs) * stepMs;
    windows[name] = { endMs, stepMs, ageMs: age * 1000 };
  }
  return windows;
}

function seconds(query: URLSearchParams, key: string): number | undefined {
  const text = query.get(key);
  if (text === null || text === "") return undefined;
  if (!/^\d{1,9}$/.test(text)) throw badRequest(`${key} should be a number`);
  return Number(text);
}
