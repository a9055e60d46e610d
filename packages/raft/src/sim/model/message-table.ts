import { MessageType, type RaftMessage } from "../../core/message.ts";
import { confText, nodeOf } from "../scenario/facts.ts";
import { nameOf } from "../scenario/network.ts";
import type { RecordedState } from "../scenario/recorder.ts";

/** A message and, for InstallSnapshot, what comes with it. */
export interface Parcel {
  readonly message: RaftMessage;
  readonly state: RecordedState | undefined;
}

/** Gives equal messages equal numbers, so that a network is a list of numbers. */
export class MessageTable {
  readonly #parcels: Parcel[] = [];
  readonly #texts: string[] = [];
  readonly #ids = new Map<string, number>();

  /** Number of a message. */
  intern(parcel: Parcel): number {
    const text = textOf(parcel);
    let id = this.#ids.get(text);
    if (id === undefined) {
      id = this.#parcels.length;
      this.#ids.set(text, id);
      this.#parcels.push(parcel);
      this.#texts.push(text);
    }
    return id;
  }

  get(id: number): Parcel {
    const parcel = this.#parcels[id];
    if (parcel === undefined) throw new Error(`no message ${id}`);
    return parcel;
  }

  /** For people. */
  text(id: number): string {
    return this.#texts[id] ?? "";
  }

  get size(): number {
    return this.#parcels.length;
  }
}

function textOf({ message, state }: Parcel): string {
  const { from, to, term, index, logTerm, commit, hint, context, reject } = message;
  const entries = message.entries.map((entry) => `${entry.index}:${entry.term}.${entry.crc}`);
  const parts = [
    `${nameOf(message)} ${nodeOf(from)}>${nodeOf(to)} t${term}`,
    `i${index}:${logTerm} c${commit} h${hint} x${context}`,
  ];
  if (reject) parts.push("reject");
  if (entries.length > 0) parts.push(`[${entries.join(" ")}]`);
  if (message.type === MessageType.InstallSnapshot && message.snapshot !== undefined) {
    const { snapshot } = message;
    parts.push(`{${snapshot.index}:${snapshot.term} ${confText(snapshot.conf)}}`);
    parts.push(`=${state?.commands.join(",") ?? ""}`);
  }
  return parts.join(" ");
}
