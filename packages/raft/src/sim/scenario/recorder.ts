import { type Entry, EntryType } from "../../core/entry.ts";

/** The state of a machine that remembers its commands, as a value. */
export interface RecordedState {
  readonly index: number;
  readonly commands: readonly string[];
}

/** The state of a machine that was never given anything. */
export const BLANK: RecordedState = { index: 0, commands: [] };

/** The state after one more entry. @throws Error if it is not the next one: applying is in order and once each. */
export function recorded(state: RecordedState, entry: Entry): RecordedState {
  if (entry.index !== state.index + 1) {
    throw new Error(`entry ${entry.index} is applied after ${state.index}`);
  }
  const commands =
    entry.type === EntryType.Command ? [...state.commands, textOf(entry.data)] : state.commands;
  return { index: entry.index, commands };
}

/** Payload of a command from text of characters below 256. */
export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Inverse of {@link bytesOf}. */
function textOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
