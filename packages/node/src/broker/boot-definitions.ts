import { readFile } from "node:fs/promises";
import type { Config } from "../config/config.ts";
import type { Logger } from "../logger.ts";
import { DefinitionsError } from "../metadata/definitions.ts";
import { StorageError } from "../storage/storage-error.ts";
import type { Administration } from "./administration.ts";
import { type DefinitionsSource, importDefinitions } from "./import-definitions.ts";
import { definitionsHash, IMPORTED_HASH, importedHash } from "./imported-hash.ts";

/**
 * Loads the definitions files of the configuration, unless they are those that were loaded last and that is not to be done again
 * (`definitions.skip_if_unchanged`). A full disk must not keep a node from starting that has its metadata: nobody could consume what
 * fills it. Rejects with a DefinitionsError, or with a StorageError.
 */
export async function loadBootDefinitions(
  administration: Administration,
  { definitions, skipsUnchangedDefinitions }: Config,
  log: Logger,
): Promise<void> {
  if (definitions.length === 0) return;
  const documents = await Promise.all(definitions.map(readDocument));
  const hash = definitionsHash(documents.map(({ json }) => json));
  if (skipsUnchangedDefinitions && importedHash(administration.metadata) === hash) {
    log.info("definitions have not changed since they were loaded, and are not loaded again");
    return;
  }
  try {
    for (const document of documents) await importDefinitions(administration, document, log);
    if (skipsUnchangedDefinitions) await remember(administration, hash);
  } catch (error) {
    if (!(error instanceof StorageError) || !administration.metadata.isSetUp) throw error;
    const what = "definitions were not loaded, the node goes on with the metadata that it has";
    log.error(`${what}: ${error.message}`);
  }
}

async function readDocument(file: string): Promise<DefinitionsSource> {
  try {
    return { json: await readFile(file, "utf8"), source: file };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const problem = `definitions file ${file} cannot be read: ${reason}`;
    throw new DefinitionsError([problem], { cause: error });
  }
}

function remember(administration: Administration, hash: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const command = { type: "setGlobalParameter", name: IMPORTED_HASH, value: hash } as const;
    administration.apply(command, (result) => {
      if (result.ok) resolve();
      else reject(new StorageError(`${IMPORTED_HASH}: ${result.text}`));
    });
  });
}
