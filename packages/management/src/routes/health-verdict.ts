import type { AlarmFacts, QueueName } from "../model/health.ts";
import type { JsonObject } from "../model/json.ts";
import { json } from "./answers.ts";

/** Whether a check has passed; else why not, and what is shown besides. */
export type Verdict = "passed" | Failure;

interface Failure {
  readonly reason: string;
  readonly details?: JsonObject;
}

/** 200, or 503 with the reason. */
export function verdictAnswer(verdict: Verdict): Response {
  if (verdict === "passed") return json({ status: "ok" });
  return json({ status: "failed", reason: verdict.reason, ...verdict.details }, 503);
}

export function alarmVerdict(alarms: readonly AlarmFacts[], reason: string): Verdict {
  if (alarms.length === 0) return "passed";
  const shown = alarms.map(({ node, resource }) => ({ node, resource }));
  return { reason, details: { alarms: shown } };
}

export function queueVerdict(queues: readonly QueueName[], reason: string): Verdict {
  if (queues.length === 0) return "passed";
  const shown = queues.map(({ vhost, name }) => ({
    readable_name: `queue '${name}' in vhost '${vhost}'`,
    name,
    virtual_host: vhost,
    type: "quorum",
  }));
  return { reason, details: { queues: shown } };
}
