import { ControlError } from "@leveret/control";
import * as v from "valibot";
import type { BrokerNode } from "../broker/broker-node.ts";
import { importDefinitions } from "../broker/import-definitions.ts";
import { definitionsHash, IMPORTED_HASH, importedHash } from "../broker/imported-hash.ts";
import type { ResourceLimit } from "../config/config.ts";
import { parseValue } from "../config/value-type.ts";
import { CLI_ACTOR } from "../metadata/actor.ts";
import { DefinitionsError } from "../metadata/definitions.ts";
import {
  type ExportedDefinitions,
  exportDefinitions,
  exportVhostDefinitions,
} from "../metadata/export-definitions.ts";
import type { MetadataView } from "../metadata/metadata-machine.ts";
import { PRODUCT } from "../product.ts";
import { StorageError } from "../storage/storage-error.ts";
import { change, type NodeMethods, requireVhost, whileRunning } from "./control-method.ts";

/** Characters of one row of an exported document: below what a frame may have, whatever they are. */
const EXPORT_PIECE_LENGTH = 262_144;

export const DEFINITIONS_METHODS: NodeMethods = {
  /** Rows are pieces of one text. */
  export_definitions: whileRunning(
    v.object({ vhost: v.optional(v.string()) }),
    ({ broker }, { vhost }) => pieces(exportText(broker, vhost)),
  ),
  /** "unchanged": nothing was done. */
  import_definitions: whileRunning(
    v.object({
      json: v.string(),
      vhost: v.optional(v.string()),
      skipIfUnchanged: v.optional(v.boolean(), false),
    }),
    async ({ broker }, { json, vhost, skipIfUnchanged }) => {
      if (vhost !== undefined) requireVhost(broker, vhost);
      const hash = definitionsHash([json], vhost);
      const before = importedHash(broker.administration.metadata);
      if (skipIfUnchanged && before === hash) return "unchanged";
      await importDocument(broker, { json, vhost });
      if (skipIfUnchanged) {
        await change(broker, { type: "setGlobalParameter", name: IMPORTED_HASH, value: hash });
      }
      return "imported";
    },
  ),
};

/** @throws ControlError */
async function importDocument(
  { administration, broker }: BrokerNode,
  document: { readonly json: string; readonly vhost: string | undefined },
): Promise<void> {
  try {
    const source = { ...document, source: "definitions", actor: CLI_ACTOR };
    await importDefinitions(administration, source, broker.log);
  } catch (error) {
    if (error instanceof DefinitionsError) throw refused("validation_failed", error);
    if (error instanceof StorageError) throw refused("store_unavailable", error);
    throw error;
  }
}

/** Until the node's app is started again. */
export const ALARM_METHODS: NodeMethods = {
  set_vm_memory_high_watermark: whileRunning(limitOf("relative"), async ({ broker }, asked) => {
    broker.memory.setWatermark(readLimit(asked));
  }),
  set_disk_free_limit: whileRunning(limitOf("mem_relative"), async ({ broker }, asked) => {
    const limit = readLimit(asked);
    if (broker.disk === undefined) {
      throw new ControlError("not_supported", "free disk space is not monitored on this node");
    }
    await broker.disk.setLimit(limit);
  }),
  set_disk_monitoring: whileRunning(
    v.object({ isOn: v.boolean() }),
    async ({ broker }, { isOn }) => {
      const { disk } = broker;
      if (disk === undefined) {
        throw new ControlError("not_supported", "free disk space is not monitored on this node");
      }
      if (isOn) await disk.resume();
      else disk.stop();
    },
  ),
};

/** Numbers are bytes or fractions; sizes may have a unit. */
type AskedLimit = { readonly relative: number } | { readonly absolute: string };

function limitOf(relative: string): v.GenericSchema<unknown, AskedLimit> {
  return v.union(
    [v.object({ relative: v.pipe(v.number(), v.minValue(0)) }), v.object({ absolute: v.string() })],
    `must be ${relative} or absolute`,
  );
}

/** @throws ControlError "bad_argument" */
function readLimit(asked: AskedLimit): ResourceLimit {
  if ("relative" in asked) return asked;
  const parsed = parseValue(asked.absolute, { kind: "memory" });
  if (parsed.ok && typeof parsed.value === "number") return { absolute: parsed.value };
  throw new ControlError("bad_argument", `'${asked.absolute}' is no size in bytes`);
}

/** @throws ControlError */
function exportText(broker: BrokerNode, vhost: string | undefined): string {
  const { administration, config } = broker;
  const { product } = config;
  const about = {
    rabbitVersion: product.version ?? PRODUCT.version,
    productName: product.name ?? PRODUCT.name,
    productVersion: PRODUCT.productVersion,
  };
  const { metadata } = administration;
  if (vhost === undefined) return typedText(metadata, exportDefinitions(metadata, about));
  requireVhost(broker, vhost);
  return typedText(metadata, exportVhostDefinitions(metadata, vhost, about) ?? {}, vhost);
}

/** With the type of each queue, which RabbitMQ's tool names and its HTTP API does not. */
function typedText(metadata: MetadataView, document: ExportedDefinitions, vhost?: string): string {
  const { queues = [] } = document;
  const typed =
    typeof queues === "string"
      ? []
      : queues.map((queue) => ({
          ...queue,
          type: metadata.queue(vhost ?? String(queue["vhost"]), String(queue["name"]))?.type,
        }));
  return JSON.stringify({ ...document, queues: typed });
}

async function* pieces(text: string): AsyncIterable<string> {
  for (let at = 0; at < text.length; at += EXPORT_PIECE_LENGTH) {
    yield text.slice(at, at + EXPORT_PIECE_LENGTH);
  }
}

function refused(code: string, { message }: Error): ControlError {
  return new ControlError(code, message);
}
