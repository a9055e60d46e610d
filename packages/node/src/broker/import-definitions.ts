import { SCRYPT } from "../auth/password.ts";
import { scryptHash } from "../auth/scrypt.ts";
import { IMPORT_SLICE_MS } from "../limits.ts";
import type { Logger } from "../logger.ts";
import type { Actor } from "../metadata/actor.ts";
import {
  isNotStored,
  type MetadataCommand,
  type MetadataResult,
  type Refusal,
} from "../metadata/commands.ts";
import {
  DefinitionsError,
  type LoadedDefinitions,
  loadDefinitions,
  passwordsInClear,
} from "../metadata/definitions.ts";
import type { HashingAlgorithm } from "../metadata/records.ts";
import { StorageError } from "../storage/storage-error.ts";
import { type Administration, makeSalt } from "./administration.ts";

/** A definitions document, and what to call it when it is wrong. */
export interface DefinitionsSource {
  readonly json: string;
  readonly source: string;
  /** All of it belongs to this vhost, and what belongs to none is left out; undefined: entries name theirs. */
  readonly vhost?: string | undefined;
  /** Who imports it; undefined: the broker itself, at boot. */
  readonly actor?: Actor | undefined;
}

/**
 * Applies a definitions document; what was applied before a refusal stays. Rejects with a DefinitionsError, or with a StorageError
 * if it cannot be stored.
 */
export async function importDefinitions(
  administration: Administration,
  { json, source, vhost, actor }: DefinitionsSource,
  log: Logger,
): Promise<void> {
  const { commands, warnings, places } = await load(administration, { json, source, vhost });
  for (const warning of warnings) log.warn(`${source}: ${warning}`);
  let sliceStart = performance.now();
  for (const command of commands) {
    // In memory, commands are carried out within the call.
    if (performance.now() - sliceStart > IMPORT_SLICE_MS) {
      await new Promise((resolve) => setImmediate(resolve));
      sliceStart = performance.now();
    }
    const result = await new Promise<MetadataResult>((resolve) => {
      administration.apply(command, resolve, "applied", actor);
    });
    if (result.ok) continue;
    if (isOfMissingExchange(command, result)) {
      log.warn(`${source}: ${places.get(command)}: left out: ${result.text}`);
      continue;
    }
    const reason = result.text.trim().replaceAll(/\s*\n\s*/g, ": ");
    const problem = `${source}: ${places.get(command)}: ${command.type} refused: ${reason}`;
    throw isNotStored(result) ? new StorageError(problem) : new DefinitionsError([problem]);
  }
  const failure = await new Promise<Refusal | undefined>((resolve) => {
    administration.whenStored(resolve);
  });
  if (failure !== undefined) throw new StorageError(`${source}: ${failure.text}`);
}

/**
 * RabbitMQ's documents have the bindings of internal exchanges, but not those exchanges; it leaves out such bindings when it reads
 * them, too.
 */
function isOfMissingExchange(command: MetadataCommand, { reason }: Refusal): boolean {
  return command.type === "bind" && reason === "no_such_exchange";
}

/** Hashes of the passwords in clear that are to be hashed with scrypt; some 0.2 s each. */
async function slowHashesOf(
  json: string,
  hashingAlgorithm: HashingAlgorithm,
): Promise<ReadonlyMap<string, string>> {
  const hashes = new Map<string, string>();
  for (const { password, algorithm } of passwordsInClear(json, hashingAlgorithm)) {
    if (algorithm === SCRYPT) hashes.set(password, await scryptHash(password));
  }
  return hashes;
}

async function load(
  { checkPassword, hashingAlgorithm }: Administration,
  { json, source, vhost }: DefinitionsSource,
): Promise<LoadedDefinitions> {
  try {
    const slowHashes = await slowHashesOf(json, hashingAlgorithm);
    const rules = { makeSalt, hashingAlgorithm, checkPassword, slowHashes };
    return loadDefinitions(json, { ...rules, unsupportedQueues: "skip", vhost });
  } catch (error) {
    if (!(error instanceof DefinitionsError)) throw error;
    throw new DefinitionsError(
      error.problems.map((problem) => `${source}: ${problem}`),
      { cause: error },
    );
  }
}
