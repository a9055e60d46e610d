import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";

/**
 * The cost of a hash: 16 MiB of memory and some 0.2 s of one core, as OWASP recommends where 128 MiB are too many. N is 2 ^ `logN`.
 */
const COST = { logN: 14, r: 8, p: 5 } as const;
/** Hashes of definitions files may name other costs, up to these: more would be an attack on this process. */
const COST_MAX = { logN: 17, r: 16, p: 16 } as const;
const VERSION = 1;
const SALT_SIZE = 16;
const DIGEST_SIZE = 32;
const COST_SIZE = 4;
/** Checks that wait; beyond, logins are refused: they would run into their timeout. */
const WAITING_MAX = 256;

interface Cost {
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

/** Too many hashes are being computed. */
class ScryptBusyError extends Error {
  override readonly name = "ScryptBusyError";

  constructor() {
    super("too many passwords are being checked");
  }
}

/** base64 of version, log2 N, r, p (an octet each), salt (16) and digest (32). @throws ScryptBusyError */
export async function scryptHash(password: string): Promise<string> {
  const salt = randomBytes(SALT_SIZE);
  const digest = await derive(password, salt, COST);
  const cost = Buffer.from([VERSION, COST.logN, COST.r, COST.p]);
  return Buffer.concat([cost, salt, digest]).toString("base64");
}

/** Whether `password` is the one of `hash`, which was made by `scryptHash`; false if it is none. @throws ScryptBusyError */
export async function verifyScrypt(password: string, hash: string): Promise<boolean> {
  const bytes = Buffer.from(hash, "base64");
  const [version, logN = 0, r = 0, p = 0] = bytes;
  const cost = { logN, r, p };
  const isOurs = version === VERSION && bytes.length === COST_SIZE + SALT_SIZE + DIGEST_SIZE;
  if (!isOurs || !isAffordable(cost)) return false;
  const salt = bytes.subarray(COST_SIZE, COST_SIZE + SALT_SIZE);
  const actual = await derive(password, salt, cost);
  return timingSafeEqual(actual, bytes.subarray(COST_SIZE + SALT_SIZE));
}

function isAffordable({ logN, r, p }: Cost): boolean {
  const isAtLeast = logN >= 1 && r >= 1 && p >= 1;
  return isAtLeast && logN <= COST_MAX.logN && r <= COST_MAX.r && p <= COST_MAX.p;
}

let last: Promise<unknown> = Promise.resolve();
let waitingCount = 0;

/** One after the other: they run on the threads that the disk needs, too, which are four. */
function derive(password: string, salt: Buffer, cost: Cost): Promise<Buffer> {
  if (waitingCount >= WAITING_MAX) return Promise.reject(new ScryptBusyError());
  waitingCount++;
  const mine = last.then(() => deriveNow(password, salt, cost)).finally(() => waitingCount--);
  last = mine.catch(() => undefined);
  return mine;
}

function deriveNow(password: string, salt: Buffer, { logN, r, p }: Cost): Promise<Buffer> {
  const N = 2 ** logN;
  // What OpenSSL counts, and a little more.
  const maxmem = 128 * r * (N + p + 2) + 4096;
  const options: ScryptOptions = { N, r, p, maxmem };
  return new Promise((resolve, reject) => {
    scrypt(password, salt, DIGEST_SIZE, options, (error, digest) => {
      if (error === null) resolve(digest);
      else reject(error);
    });
  });
}
