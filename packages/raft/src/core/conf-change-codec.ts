import type { ConfChange, ConfChangeStep } from "./conf-state.ts";

/**
 * ```
 * version u8 | transition u8 | steps u8 | per step: kind u8, replica u32 LE | context: the rest
 * ```
 */
const HEADER_SIZE = 3;
const STEP_SIZE = 5;
const VERSION = 1;
/** Steps of one change; a group has at most 64 members. */
const STEPS_MAX = 128;
/** Bytes of context that one change may carry. */
const CONTEXT_MAX = 64 * 1024;

const TRANSITIONS = ["auto", "joint-implicit", "joint-explicit"] as const;
const KINDS = ["add-voter", "add-learner", "remove"] as const;

/** Whether a change keeps to the limits of its encoding. */
export function isEncodable({ steps, context }: ConfChange): boolean {
  if (steps.length > STEPS_MAX || context.length > CONTEXT_MAX) return false;
  return steps.every(({ replica }) => replica === replica >>> 0);
}

/** The payload of a ConfChange entry. @throws RangeError for more than 128 steps or 64 KiB of context */
export function encodeConfChange(change: ConfChange): Uint8Array {
  const { steps, context } = change;
  if (steps.length > STEPS_MAX || context.length > CONTEXT_MAX) {
    throw new RangeError(`a change of ${steps.length} steps, ${context.length} bytes of context`);
  }
  const bytes = new Uint8Array(HEADER_SIZE + steps.length * STEP_SIZE + context.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, VERSION);
  view.setUint8(1, TRANSITIONS.indexOf(change.transition));
  view.setUint8(2, steps.length);
  let offset = HEADER_SIZE;
  for (const step of steps) {
    view.setUint8(offset, KINDS.indexOf(step.kind));
    view.setUint32(offset + 1, step.replica, true);
    offset += STEP_SIZE;
  }
  bytes.set(context, offset);
  return bytes;
}

/** undefined: not a change that this version knows. `context` is a view of `bytes`. */
export function decodeConfChange(bytes: Uint8Array): ConfChange | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_SIZE || view.getUint8(0) !== VERSION) return undefined;
  const transition = TRANSITIONS[view.getUint8(1)];
  const count = view.getUint8(2);
  const contextStart = HEADER_SIZE + count * STEP_SIZE;
  if (transition === undefined || count > STEPS_MAX || bytes.length < contextStart)
    return undefined;
  if (bytes.length - contextStart > CONTEXT_MAX) return undefined;
  const steps: ConfChangeStep[] = [];
  for (let offset = HEADER_SIZE; offset < contextStart; offset += STEP_SIZE) {
    const kind = KINDS[view.getUint8(offset)];
    if (kind === undefined) return undefined;
    steps.push({ kind, replica: view.getUint32(offset + 1, true) });
  }
  return { transition, steps, context: bytes.subarray(contextStart) };
}
