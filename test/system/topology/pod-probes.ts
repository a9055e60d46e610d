import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { Container } from "./container.ts";

interface Probe {
  readonly tcpSocket?: { readonly port: string } | null;
  readonly exec?: { readonly command: readonly string[] };
}

interface PodManifest {
  readonly kind: string;
  readonly spec?: {
    readonly template: { readonly spec: { readonly containers: readonly PodContainer[] } };
  };
}

interface PodContainer {
  readonly readinessProbe: Probe;
  readonly livenessProbe?: Probe;
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
}

/** The probes of deploy/kubernetes, carried out as a kubelet would. */
export class PodProbes {
  readonly #container: PodContainer;
  readonly #ordered: PodContainer;

  constructor(deploy: string) {
    this.#container = containerOf(join(deploy, "kubernetes/leveret.yaml"));
    this.#ordered = containerOf(join(deploy, "kubernetes/ordered-ready.yaml"));
  }

  isReady(node: Container): Promise<boolean> {
    return this.#holds(node, this.#container.readinessProbe);
  }

  isAlive(node: Container): Promise<boolean> {
    return this.#holds(node, this.#container.livenessProbe ?? {});
  }

  /** As ordered-ready.yaml has it. */
  isReadyInOrder(node: Container): Promise<boolean> {
    return this.#holds(node, this.#ordered.readinessProbe);
  }

  async #holds(node: Container, { tcpSocket, exec }: Probe): Promise<boolean> {
    if (exec !== undefined) return (await node.exec(exec.command)).code === 0;
    const { ports = [] } = this.#container;
    const port = ports.find(({ name }) => name === tcpSocket?.port)?.containerPort;
    if (port === undefined) throw new Error("the probe asks nothing that is known");
    return canConnect(node.options.service.address ?? "", port);
  }
}

function containerOf(file: string): PodContainer {
  const documents = parseAllDocuments(readFileSync(file, "utf8"));
  const manifests = documents.map((document) => document.toJS() as PodManifest); // Our own file.
  const set = manifests.find(({ kind }) => kind === "StatefulSet");
  const [container] = set?.spec?.template.spec.containers ?? [];
  if (container === undefined) throw new Error(`${file} has no StatefulSet`);
  return container;
}

function canConnect(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1000 });
    const end = (isOpen: boolean) => (): void => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once("connect", end(true)).once("error", end(false)).once("timeout", end(false));
  });
}
