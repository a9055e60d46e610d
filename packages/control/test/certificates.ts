import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PortTls } from "../src/socket-options.ts";

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** Makes authorities and certificates in a folder of its own. */
export class Certificates {
  readonly #folder = mkdtempSync(join(tmpdir(), "leveret-port-tls-"));

  /** A certificate for a host that nobody has, signed by an authority that is made for it if need be. */
  make(name: string, authority: string): PortTls {
    const [key, request, certificate] = [`${name}.key`, `${name}.csr`, `${name}.pem`];
    this.#makeAuthority(authority);
    this.#openssl("req", ...KEY, "-subj", `/CN=${name}`, "-keyout", key, "-out", request);
    const by = ["-CA", `${authority}.pem`, "-CAkey", `${authority}.key`, "-CAcreateserial"];
    this.#openssl("x509", "-req", "-days", "2", "-in", request, ...by, "-out", certificate);
    return {
      cert: this.#read(certificate),
      key: this.#read(key),
      ca: this.#read(`${authority}.pem`),
    };
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }

  #makeAuthority(name: string): void {
    const files = ["-keyout", `${name}.key`, "-out", `${name}.pem`];
    try {
      this.#read(`${name}.pem`);
    } catch {
      this.#openssl("req", "-x509", ...KEY, "-days", "2", "-subj", `/CN=${name}`, ...files);
    }
  }

  #read(name: string): Buffer {
    return readFileSync(join(this.#folder, name));
  }

  #openssl(...args: string[]): void {
    execFileSync("openssl", args, { stdio: "pipe", cwd: this.#folder });
  }
}
