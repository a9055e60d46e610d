import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import type { ClientTlsConfig } from "../config/config.ts";
import { ConfigError } from "../config/config-error.ts";

/** Options of a TLS connection to a service that is asked. `prefix`: of the keys, for errors. @throws ConfigError */
export function clientTlsOptions(tls: ClientTlsConfig, prefix: string): ConnectionOptions {
  const read = (key: string, file: string | undefined): Buffer | undefined => {
    if (file === undefined) return undefined;
    try {
      return readFileSync(file);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new ConfigError([`${prefix}.${key}: cannot read ${file}: ${reason}`], { cause: error });
    }
  };
  const ca = read("cacertfile", tls.caCertFile);
  const cert = read("certfile", tls.certFile);
  const key = read("keyfile", tls.keyFile);
  return {
    rejectUnauthorized: tls.verify === "verify_peer",
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}
