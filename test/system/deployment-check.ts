import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import type { Image } from "./image/build-image.ts";
import { expectThat } from "./scenarios/scenario.ts";
import type { ComposeFile } from "./topology/compose-file.ts";

/**
 * Whether the files of deploy/ agree with each other, as far as running them does not show it. Returns what was compared. @throws Error
 */
export function checkDeployment(deploy: string, compose: ComposeFile, image: Image): string[] {
  const read = (name: string): string => readFileSync(join(deploy, name), "utf8");
  const haproxy = read("haproxy/haproxy.cfg");
  return [
    ...checkMounts(compose),
    ...checkPorts(compose, haproxy, image),
    ...checkPrometheus(compose, read("prometheus/prometheus.yml")),
    ...checkKeepalived(read("keepalived/keepalived-1.conf"), read("keepalived/keepalived-2.conf")),
    ...checkKubernetes(read("kubernetes/leveret.yaml"), image),
    ...checkUnit(read("systemd/leveret.service"), image),
    ...checkPatience(read),
  ];
}

function checkMounts({ services, volumes }: ComposeFile): string[] {
  for (const { name, mounts } of services) {
    for (const { source, isVolume } of mounts) {
      const isThere = isVolume ? volumes.includes(source) : existsSync(source);
      expectThat(isThere, `${name} mounts ${source}, which is not there`);
    }
  }
  return ["what compose.yaml mounts is there"];
}

/** HAProxy's container publishes what its configuration binds; it reaches only ports that the image exposes. */
function checkPorts({ services }: ComposeFile, config: string, image: Image): string[] {
  const bound = [...config.matchAll(/^\s*bind :(\d+)/gm)].map(([, port]) => Number(port));
  const haproxy = services.find(({ name }) => name === "haproxy");
  const published = (haproxy?.ports ?? []).map(([, container]) => container);
  expectThat(
    bound.toSorted().join() === published.toSorted().join(),
    `HAProxy binds ${bound.join()}, compose.yaml publishes ${published.join()}`,
  );
  const nodes = services.filter((service) => service.image === "leveret");
  const servers = [...config.matchAll(/^\s*server (\S+) (\S+):(\d+) /gm)];
  expectThat(servers.length === 3 * nodes.length, `HAProxy has ${servers.length} servers`);
  for (const [, server = "", host = "", port] of servers) {
    expectThat(server === host, `server ${server} is at ${host}`);
    expectThat(
      nodes.some(({ name }) => name === host),
      `there is no service ${host}`,
    );
    expectThat(image.ports.includes(Number(port)), `the image exposes no port ${port}`);
    const address = nodes.find(({ name }) => name === host)?.address;
    expectThat(haproxy?.extraHosts[host] === address, `HAProxy looks for ${host} elsewhere`);
  }
  return [`ports: ${bound.join(", ")}; ${servers.length} servers`];
}

function checkPrometheus({ services }: ComposeFile, text: string): string[] {
  const { scrape_configs: jobs } = parse(text) as {
    scrape_configs: { static_configs: { targets: string[] }[] }[];
  }; // Our own file.
  const targets = jobs.flatMap((job) => job.static_configs.flatMap((one) => one.targets));
  for (const target of targets) {
    const [host] = target.split(":");
    expectThat(
      services.some(({ name }) => name === host),
      `there is no service ${target}`,
    );
  }
  return [`Prometheus: ${targets.join(", ")}`];
}

/** The two machines name each other, and have the same group and address. */
function checkKeepalived(first: string, second: string): string[] {
  const of = (text: string, pattern: RegExp): string => pattern.exec(text)?.[1] ?? "";
  const own = /unicast_src_ip (\S+)/;
  const peer = /unicast_peer \{\s+(\S+)/;
  const shared = [/virtual_router_id (\S+)/, /virtual_ipaddress \{\s+(\S+)/];
  expectThat(of(first, own) === of(second, peer), "the second does not know the first");
  expectThat(of(second, own) === of(first, peer), "the first does not know the second");
  for (const pattern of shared) {
    expectThat(of(first, pattern) === of(second, pattern), `they differ in ${pattern}`);
  }
  expectThat(of(first, /priority (\d+)/) !== of(second, /priority (\d+)/), "same priority");
  return [`keepalived: ${of(first, own)} and ${of(second, own)}`];
}

interface Manifest {
  readonly kind: string;
  readonly spec?: {
    readonly replicas: number;
    readonly serviceName: string;
    readonly sessionAffinity?: string;
    readonly ports?: readonly { readonly port: number }[];
    readonly template: {
      readonly spec: {
        readonly securityContext: { readonly runAsUser: number };
        readonly containers: readonly {
          readonly ports: readonly { readonly containerPort: number }[];
          readonly volumeMounts: readonly { readonly mountPath: string }[];
          readonly livenessProbe: { readonly exec: { readonly command: readonly string[] } };
        }[];
      };
    };
  };
  readonly data?: Readonly<Record<string, string>>;
}

/** Ports, user, paths and names are those of the image. The probe's command is run by a scenario. */
function checkKubernetes(text: string, image: Image): string[] {
  const documents = parseAllDocuments(text).map((document) => document.toJS() as Manifest); // Our own file.
  const set = documents.find(({ kind }) => kind === "StatefulSet")?.spec;
  const [container] = set?.template.spec.containers ?? [];
  for (const { containerPort } of container?.ports ?? []) {
    expectThat(image.ports.includes(containerPort), `the image exposes no ${containerPort}`);
  }
  const user = `${set?.template.spec.securityContext.runAsUser}`;
  expectThat(image.user?.startsWith(`${user}:`) === true, `the image's user is not ${user}`);
  const paths = (container?.volumeMounts ?? []).map(({ mountPath }) => mountPath);
  for (const path of [...image.volumes, "/run/leveret"]) {
    expectThat(paths.includes(path), `Kubernetes mounts nothing at ${path}`);
  }
  const services = documents.filter(({ kind }) => kind === "Service");
  const console = services.find(({ spec }) => spec?.ports?.some(({ port }) => port === 15_672));
  expectThat(console?.spec?.sessionAffinity === "ClientIP", "sessions of the console get lost");
  const config = documents.find(({ kind }) => kind === "ConfigMap")?.data?.["rabbitmq.conf"] ?? "";
  for (let pod = 0; pod < (set?.replicas ?? 0); pod++) {
    const name = `rabbit@leveret-${pod}.${set?.serviceName}`;
    expectThat(config.includes(` = ${name}\n`), `the configuration does not name ${name}`);
  }
  return [`Kubernetes: ${documents.length} objects, ${set?.replicas} pods`];
}

/** What the unit starts is where docs/deploy/systemd.md puts it: as in the image. */
function checkUnit(unit: string, image: Image): string[] {
  const programs = [...unit.matchAll(/^ExecStart\w*=.* (\/opt\/leveret\/\S+)/gm)];
  expectThat(programs.length === 2, "the unit starts something else");
  for (const [, program = ""] of programs) {
    expectThat(existsSync(join(image.layer, program)), `the image has no ${program}`);
  }
  return ["systemd starts programs that are there"];
}

/** All supervisors wait equally long for a node to hand over. */
function checkPatience(read: (name: string) => string): string[] {
  const patience = [
    /^TimeoutStopSec=(\d+)$/m.exec(read("systemd/leveret.service")),
    /stop_grace_period: (\d+)s$/m.exec(read("compose.yaml")),
    /terminationGracePeriodSeconds: (\d+)$/m.exec(read("kubernetes/leveret.yaml")),
  ].map((found) => found?.[1]);
  expectThat(patience.join() === "90,90,90", `supervisors wait ${patience.join()} s`);
  return ["supervisors wait 90 s for a stop"];
}
