import type { StateMachine } from "../host/state-machine.ts";
import { decodeCommand, encodeCommand, SimMachine } from "./sim-machine.ts";
import type { Workload, WorkProposal, WorkTarget } from "./workload.ts";

const COMMAND_HEADER_BYTES = 14;

/** The workload of this package: SimMachine, with commands that keep and settle entries. */
export class SimWorkload implements Workload {
  #nextId = 1;

  createMachine(): StateMachine {
    return new SimMachine();
  }

  draw({ random, maxPayload, keptShare }: WorkTarget): WorkProposal {
    const id = this.#nextId++;
    const isKept = random.chance(keptShare);
    const command = { id, isKept, settles: random.pick([0, 0, 1, 1, 2, 8]), value: id };
    const size = COMMAND_HEADER_BYTES + random.below(Math.max(1, maxPayload));
    const isCommandGiven = random.chance(0.5);
    const data = encodeCommand(command, size);
    if (isCommandGiven) return { id, data, options: { command } };
    return { id, data, options: { freesSpace: random.chance(0.2) } };
  }

  commandIdOf(data: Uint8Array): number {
    return decodeCommand(data).id;
  }
}
