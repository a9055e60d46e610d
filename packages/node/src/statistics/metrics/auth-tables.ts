import { type MetricTable, seriesOf } from "@leveret/management";
import type { LoginProtocol } from "../../auth/auth-attempts.ts";
import { counter, withPrefix } from "./metric-spec.ts";
import type { MetricsContext } from "./metrics-context.ts";

const PROTOCOLS: readonly LoginProtocol[] = ["amqp091", "http"];

/** Logins by protocol (RabbitMQ: auth_attempt_metrics). They begin anew when an operator resets them. */
export function authTable(prefix: string, { node }: MetricsContext): MetricTable {
  const known = node.broker.authAttempts.byProtocol();
  const counts = PROTOCOLS.map((protocol) => {
    const found = known.find((attempts) => attempts.protocol === protocol);
    return { succeeded: found?.succeeded ?? 0, failed: found?.failed ?? 0 };
  });
  return {
    metrics: withPrefix(prefix, [
      counter("auth_attempts_total", "Logins that were tried"),
      counter("auth_attempts_succeeded_total", "Logins that succeeded"),
      counter("auth_attempts_failed_total", "Logins that failed"),
    ]),
    series: PROTOCOLS.map((protocol) => seriesOf([["protocol", protocol]])),
    columns: attemptColumns(counts),
  };
}

/** The same by who tried from where, if that is counted (RabbitMQ: auth_attempt_detailed_metrics). */
export function authSourceTable(prefix: string, { node }: MetricsContext): MetricTable {
  const sources = node.broker.authAttempts.bySource();
  return {
    metrics: withPrefix(prefix, [
      counter("auth_attempts_detailed_total", "Logins that were tried, by source"),
      counter("auth_attempts_detailed_succeeded_total", "Logins that succeeded, by source"),
      counter("auth_attempts_detailed_failed_total", "Logins that failed, by source"),
    ]),
    series: sources.map(({ remoteAddress, username, protocol }) =>
      seriesOf([
        ["remote_address", remoteAddress],
        ["username", username],
        ["protocol", protocol],
      ]),
    ),
    columns: attemptColumns(sources),
  };
}

function attemptColumns(
  counts: readonly { readonly succeeded: number; readonly failed: number }[],
): number[][] {
  return [
    counts.map(({ succeeded, failed }) => succeeded + failed),
    counts.map(({ succeeded }) => succeeded),
    counts.map(({ failed }) => failed),
  ];
}
