import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "yaml";

interface ComposeMount {
  /** A volume's name, or an absolute path. */
  readonly source: string;
  readonly target: string;
  readonly isReadOnly: boolean;
  readonly isVolume: boolean;
}

export interface ComposeService {
  readonly name: string;
  readonly image: string;
  readonly hostname: string;
  /** Of the network; undefined: any. */
  readonly address: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly mounts: readonly ComposeMount[];
  /** Of the host, and of the container. */
  readonly ports: readonly (readonly [number, number])[];
  readonly extraHosts: Readonly<Record<string, string>>;
  readonly profiles: readonly string[];
}

export interface ComposeFile {
  readonly subnet: string;
  readonly services: readonly ComposeService[];
  readonly volumes: readonly string[];
}

/** `variables`: for `${NAME}`. @throws Error if one is needed and not there, as compose does */
export function readComposeFile(
  file: string,
  variables: Readonly<Record<string, string>>,
): ComposeFile {
  const text = interpolate(readFileSync(file, "utf8"), variables);
  const document = parse(text, { merge: true }) as ComposeDocument; // Our own file; what is not there shows at once.
  return {
    subnet: document.networks.default.ipam.config[0]?.subnet ?? "",
    services: Object.entries(document.services).map(([name, service]) =>
      readService(name, service, dirname(file)),
    ),
    volumes: Object.keys(document.volumes),
  };
}

interface ComposeDocument {
  readonly networks: {
    readonly default: {
      readonly ipam: { readonly config: readonly { readonly subnet: string }[] };
    };
  };
  readonly services: Readonly<Record<string, RawService>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

interface RawService {
  readonly image: string;
  readonly hostname?: string;
  readonly networks?: { readonly default?: { readonly ipv4_address?: string } };
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly extra_hosts?: Readonly<Record<string, string>>;
  readonly profiles?: readonly string[];
}

function readService(name: string, service: RawService, folder: string): ComposeService {
  return {
    name,
    image: service.image,
    hostname: service.hostname ?? name,
    address: service.networks?.default?.ipv4_address,
    environment: service.environment ?? {},
    mounts: (service.volumes ?? []).map((text) => readMount(text, folder)),
    ports: (service.ports ?? []).map(readPort),
    extraHosts: service.extra_hosts ?? {},
    profiles: service.profiles ?? [],
  };
}

function readMount(text: string, folder: string): ComposeMount {
  const [source = "", target = "", mode] = text.split(":");
  const isVolume = !source.startsWith(".");
  return {
    source: isVolume ? source : join(folder, source),
    target,
    isReadOnly: mode === "ro",
    isVolume,
  };
}

/** `5672:5672`, or with an address before. */
function readPort(text: string): readonly [number, number] {
  const [container = 0, host = 0] = text.split(":").map(Number).reverse();
  return [host, container];
}

/** `${NAME}` and `${NAME:?text}`. */
function interpolate(text: string, variables: Readonly<Record<string, string>>): string {
  const lines = text.split("\n").filter((line) => !/^\s*#/.test(line));
  return lines.join("\n").replaceAll(/\$\{(\w+)(?::\?[^}]*)?\}/g, (_, name: string) => {
    const value = variables[name];
    if (value === undefined) throw new Error(`compose.yaml needs ${name}`);
    return value;
  });
}

/** A file of `NAME=value` lines. */
export function readVariables(file: string): Readonly<Record<string, string>> {
  const lines = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.includes("="));
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}
