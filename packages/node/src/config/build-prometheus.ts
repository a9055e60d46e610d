import { timesOf } from "./build-management.ts";
import { buildTls } from "./build-tls.ts";
import type { ManagementListenerConfig, PrometheusConfig } from "./config.ts";
import type { GivenFlags } from "./given-flags.ts";
import type { Settings } from "./settings.ts";

/** The metrics; what is wrong with them is added to `problems`. */
export function buildPrometheus(
  settings: Settings,
  flags: GivenFlags,
  problems: string[],
): PrometheusConfig {
  const path = (settings.text("prometheus.path") ?? "").replace(/\/+$/, "");
  if (!/^(\/[A-Za-z0-9._~-]+)+$/.test(path)) {
    problems.push("prometheus.path must be words with slashes before them: /metrics");
  }
  return {
    listeners: listenersOf(settings, flags, problems),
    path,
    isPerObject: settings.boolean("prometheus.return_per_object_metrics"),
    isAuthenticated: settings.boolean("prometheus.authentication.enabled"),
    isCompressed:
      settings.boolean("prometheus.tcp.compress") && settings.boolean("prometheus.ssl.compress"),
  };
}

function listenersOf(
  settings: Settings,
  flags: GivenFlags,
  problems: string[],
): readonly ManagementListenerConfig[] {
  const flag = flags.port("prometheus-port");
  if (flag === "off") return [];
  const secure = secureListener(settings, flags, problems);
  const isSet = flag !== undefined || settings.find("prometheus.tcp.port") !== undefined;
  const plain: ManagementListenerConfig = {
    address: settings.text("prometheus.tcp.ip") ?? flags.text("bind"),
    port: flag ?? settings.number("prometheus.tcp.port"),
    tls: undefined,
    isOptional: !isSet,
    ...timesOf(settings, "prometheus.tcp"),
  };
  return [
    ...(isSet || secure === undefined ? [plain] : []),
    ...(secure === undefined ? [] : [secure]),
  ];
}

function secureListener(
  settings: Settings,
  flags: GivenFlags,
  problems: string[],
): ManagementListenerConfig | undefined {
  if (settings.find("prometheus.ssl.port") === undefined) return undefined;
  const tls = buildTls(settings, "prometheus.ssl");
  if (tls?.certFile === undefined || tls.keyFile === undefined) {
    problems.push("prometheus.ssl.port needs prometheus.ssl.certfile and prometheus.ssl.keyfile");
    return undefined;
  }
  return {
    address: settings.text("prometheus.ssl.ip") ?? flags.text("bind"),
    port: settings.number("prometheus.ssl.port"),
    tls,
    isOptional: false,
    ...timesOf(settings, "prometheus.ssl"),
  };
}
