import { createHmac, randomBytes } from "node:crypto";

/** Of this process: what is remembered of passwords means nothing outside of it. */
const KEY: Buffer = randomBytes(32);

/** Stands for texts, secrets among them, in tables in memory: from the digest nobody learns the texts. */
export function keyedDigest(...texts: readonly string[]): string {
  const hmac = createHmac("sha256", KEY);
  for (const text of texts) {
    hmac.update(`${Buffer.byteLength(text)} `);
    hmac.update(text);
  }
  return hmac.digest("base64");
}
