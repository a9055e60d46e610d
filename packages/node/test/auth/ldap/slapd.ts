import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where Debian's package of OpenLDAP's server puts things. */
const SLAPD = "/usr/sbin/slapd";
const SLAPADD = "/usr/sbin/slapadd";
const SCHEMA_DIRECTORY = "/etc/ldap/schema";
const START_MAX_MS = 10_000;

export const BASE_DN = "dc=example,dc=com";
export const ROOT = { dn: `cn=root,${BASE_DN}`, password: "root-secret" } as const;

const CERTIFICATES = join(import.meta.dirname, "../certificates");

/** A private slapd with the given entries, on free ports of loopback; its files go with it. */
export class Slapd implements AsyncDisposable {
  readonly port: number;
  readonly tlsPort: number;
  readonly #end: () => Promise<void>;

  private constructor(port: number, tlsPort: number, end: () => Promise<void>) {
    this.port = port;
    this.tlsPort = tlsPort;
    this.#end = end;
  }

  /** `ldif`: entries below BASE_DN. @throws Error if slapd is not installed, or does not start */
  static async start(ldif: string): Promise<Slapd> {
    if (!existsSync(SLAPD) || !existsSync(SLAPADD)) {
      throw new Error(`${SLAPD} is missing: apt-get install slapd (.ci/run does)`);
    }
    const directory = await mkdtemp(join(tmpdir(), "leveret-slapd-"));
    try {
      const configuration = join(directory, "slapd.conf");
      await mkdir(join(directory, "db"));
      await writeFile(configuration, configurationOf(directory));
      const entries = join(directory, "entries.ldif");
      await writeFile(entries, ldif);
      const added = spawnSync(SLAPADD, ["-f", configuration, "-l", entries], { encoding: "utf8" });
      if (added.status !== 0) throw new Error(`slapadd: ${added.stderr}`);
      const [port, tlsPort] = [await freePort(), await freePort()];
      const urls = `ldap://127.0.0.1:${port} ldaps://127.0.0.1:${tlsPort}`;
      const child = spawn(SLAPD, ["-d", "0", "-f", configuration, "-h", urls], { stdio: "ignore" });
      const ended = once(child, "exit");
      const end = async (): Promise<void> => {
        child.kill("SIGKILL");
        await ended;
        await rm(directory, { recursive: true });
      };
      await listening(port, () => child.exitCode !== null).catch(async (error: Error) => {
        await end();
        throw error;
      });
      return new Slapd(port, tlsPort, end);
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
  }
}

function configurationOf(directory: string): string {
  const schemas = ["core", "cosine", "inetorgperson"];
  return [
    ...schemas.map((name) => `include ${join(SCHEMA_DIRECTORY, `${name}.schema`)}`),
    `pidfile ${join(directory, "slapd.pid")}`,
    "modulepath /usr/lib/ldap",
    "moduleload back_mdb",
    `TLSCACertificateFile ${join(CERTIFICATES, "ca.pem")}`,
    `TLSCertificateFile ${join(CERTIFICATES, "server.pem")}`,
    `TLSCertificateKeyFile ${join(CERTIFICATES, "server-key.pem")}`,
    "database mdb",
    "maxsize 10485760",
    `suffix "${BASE_DN}"`,
    `rootdn "${ROOT.dn}"`,
    `rootpw ${ROOT.password}`,
    `directory ${join(directory, "db")}`,
    "access to attrs=userPassword by anonymous auth by * none",
    "access to * by users read by * none",
    "",
  ].join("\n");
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  return address.port;
}

/** Tries until somebody answers at the port. */
async function listening(port: number, hasEnded: () => boolean): Promise<void> {
  const deadline = Date.now() + START_MAX_MS;
  while (!(await isOpen(port))) {
    if (hasEnded() || Date.now() > deadline) throw new Error("slapd does not listen");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}
