import type { StateMachine } from "@leveret/raft";
import type { WorkTarget } from "@leveret/raft/sim";
import fc from "fast-check";
import { encodeMetadataCommand } from "../../src/metadata/codec/command-codec.ts";
import type { MetadataCommand } from "../../src/metadata/commands.ts";
import { MetadataStateMachine } from "../../src/metadata/metadata-state-machine.ts";
import { administration, membership, topology } from "../metadata/random-commands.ts";
import type { Work } from "./work.ts";

const SAMPLES = 1500;
/** The simulated disks are small: the state must be, too. */
const COMMAND_BYTES_MAX = 200;
const NAMES: ReadonlySet<unknown> = new Set([undefined, "/", "a", "b", "constructor"]);

let sampled: readonly Uint8Array[] | undefined;

/** What a broker's administration and its clients do to its metadata. */
export const METADATA_WORK: Work = {
  createMachine: (): StateMachine => new MetadataStateMachine(),
  draw: ({ random }: WorkTarget) => ({ command: random.pick(samples()), options: {} }),
};

function samples(): readonly Uint8Array[] {
  sampled ??= fc
    .sample(fc.oneof(topology, topology, administration, membership), { numRuns: SAMPLES, seed: 1 })
    .filter((command) => namesOf(command).every((name) => NAMES.has(name)))
    .map((command) => encodeMetadataCommand(command))
    .filter((bytes) => bytes.length <= COMMAND_BYTES_MAX);
  return sampled;
}

/** Names in a command of which the simulated broker has few. */
function namesOf(command: MetadataCommand): unknown[] {
  if (command.type === "setParameter") return ["any"];
  const fields: object[] = [command];
  for (const field of Object.values(command)) {
    if (typeof field === "object" && field !== null && !(field instanceof Map)) fields.push(field);
  }
  const keys = new Set(["vhost", "source", "destination", "routingKey"]);
  return fields.flatMap((field) =>
    Object.entries(field).flatMap(([key, value]) => (keys.has(key) ? [value] : [])),
  );
}
