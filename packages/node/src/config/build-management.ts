import { buildTls } from "./build-tls.ts";
import type { ManagementConfig, ManagementListenerConfig } from "./config.ts";
import type { GivenFlags } from "./given-flags.ts";
import { fallbackOf, type Settings } from "./settings.ts";

/** Headers of all answers, by the key that sets each. */
const HEADERS: ReadonlyMap<string, string> = new Map([
  ["management.csp.policy", "content-security-policy"],
  ["management.hsts.policy", "strict-transport-security"],
  ["management.headers.content_type_options", "x-content-type-options"],
  ["management.headers.frame_options", "x-frame-options"],
  ["management.headers.xss_protection", "x-xss-protection"],
  ["management.headers.referrer_policy", "referrer-policy"],
]);

/** The HTTP API; what is wrong with it is added to `problems`. */
export function buildManagement(
  settings: Settings,
  flags: GivenFlags,
  problems: string[],
): ManagementConfig {
  const pathPrefix = (settings.text("management.path_prefix") ?? "").replace(/\/+$/, "");
  if (pathPrefix !== "" && !/^(\/[A-Za-z0-9._~-]+)+$/.test(pathPrefix)) {
    problems.push("management.path_prefix must be words with slashes before them: /rabbit");
  }
  return {
    listeners: listenersOf(settings, flags, problems),
    http: {
      pathPrefix,
      bodySizeMax: settings.number("management.http.max_body_size"),
      cors: {
        allowOrigins: settings
          .numbered("management.cors.allow_origins.$n")
          .map(({ value }) => String(value)),
        maxAgeSeconds: settings.number("management.cors.max_age"),
      },
      headers: headersOf(settings),
      isCompressed:
        settings.boolean("management.tcp.compress") && settings.boolean("management.ssl.compress"),
    },
  };
}

function listenersOf(
  settings: Settings,
  flags: GivenFlags,
  problems: string[],
): readonly ManagementListenerConfig[] {
  const flag = flags.port("management-port");
  if (flag === "off") return [];
  const secure = secureListener(settings, flags, problems);
  const plain = plainListener(settings, flags);
  const isPlainWanted = flag !== undefined || secure === undefined || !plain.isOptional;
  return [...(isPlainWanted ? [plain] : []), ...(secure === undefined ? [] : [secure])];
}

/** The port that is there by default must not keep a second node on the same machine from starting. */
function plainListener(settings: Settings, flags: GivenFlags): ManagementListenerConfig {
  const key = ["management.tcp.port", "management.listener.port"].find(
    (name) => settings.find(name) !== undefined,
  );
  const flag = flags.port("management-port");
  const port = key === undefined ? Number(fallbackOf("management.tcp.port")) : settings.number(key);
  const address = settings.text("management.tcp.ip") ?? settings.text("management.listener.ip");
  return {
    address: address ?? flags.text("bind"),
    port: typeof flag === "number" ? flag : port,
    tls: undefined,
    isOptional: flag === undefined && key === undefined,
    ...timesOf(settings, "management.tcp"),
  };
}

function secureListener(
  settings: Settings,
  flags: GivenFlags,
  problems: string[],
): ManagementListenerConfig | undefined {
  if (settings.find("management.ssl.port") === undefined) return undefined;
  const tls = buildTls(settings, "management.ssl");
  if (tls?.certFile === undefined || tls.keyFile === undefined) {
    problems.push("management.ssl.port needs management.ssl.certfile and management.ssl.keyfile");
    return undefined;
  }
  return {
    address: settings.text("management.ssl.ip") ?? flags.text("bind"),
    port: settings.number("management.ssl.port"),
    tls,
    isOptional: false,
    ...timesOf(settings, "management.ssl"),
  };
}

/** Of a port that speaks HTTP. */
export function timesOf(
  settings: Settings,
  prefix: string,
): Pick<ManagementListenerConfig, "requestTimeoutMs" | "idleTimeoutMs" | "keepAliveRequestsMax"> {
  return {
    requestTimeoutMs: settings.number(`${prefix}.request_timeout`),
    idleTimeoutMs: settings.number(`${prefix}.idle_timeout`),
    keepAliveRequestsMax: settings.number(`${prefix}.max_keepalive`),
  };
}

function headersOf(settings: Settings): Readonly<Record<string, string>> {
  const set = Array.from(HEADERS, ([key, header]) => [header, settings.text(key)] as const);
  return Object.fromEntries(
    set.filter((entry): entry is readonly [string, string] => entry[1] !== undefined),
  );
}
