import { readFileSync } from "node:fs";

/** How this broker names itself in connection.start, in the log and in the HTTP API. */
export interface Product {
  readonly name: string;
  /** Leveret's own version. */
  readonly productVersion: string;
  /**
   * The RabbitMQ release whose visible behaviour we follow. Clients and tools decide by it what they may
   * use and expect X.Y.Z, so connection.start reports this one as `version`.
   */
  readonly version: string;
  readonly copyright: string;
  readonly information: string;
  readonly platform: string;
}

function readPackageVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const { version } = JSON.parse(text) as { version: string }; // Our own file: npm refuses one without it.
  return version;
}

/** The product as shipped; `product.name` and `product.version` of the configuration may change it. */
export const PRODUCT: Product = Object.freeze({
  name: "Leveret",
  productVersion: readPackageVersion(),
  version: "3.13.7",
  copyright: "Copyright (c) 2026 the Leveret authors",
  information: "Licensed under the Apache License 2.0",
  platform: `Node.js ${process.versions.node}`,
});
