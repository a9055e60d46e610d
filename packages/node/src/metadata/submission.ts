import { decodeMetadataCommand, encodeMetadataCommand } from "./codec/command-codec.ts";
import { type EntryOrigin, encodeMetadataEntry } from "./codec/entry-codec.ts";
import { freesSpace } from "./command-traits.ts";
import type { MetadataCommand, MetadataResult, Refusal } from "./commands.ts";
import { SubmittedCommand } from "./metadata-state-machine.ts";

export type SubmissionDone = (result: MetadataResult) => void;

const NOTHING = new Uint8Array(0);

/** A command from `submit` until it is stored, or is known not to be. */
export class Submission {
  /** As decoded from its bytes: what a replay will see. */
  readonly command: MetadataCommand;
  /** It is answered when it is applied, before the disk has it. */
  readonly isEarly: boolean;
  /** It is answered when all nodes that can be reached have applied it. */
  readonly isSpread: boolean;
  /** Of its store, when it was submitted. */
  readonly tick: number;
  /** Its place among the submissions of this node; 0: it has never left. From then on no other may have the number. */
  seq = 0;
  /** How often it was put into the log or sent to a leader. */
  sendCount = 0;
  /** This node put it into the log, as leader, and does not know the outcome yet. */
  isProposed = false;
  /** Its number is to be used up by nothing: its submitter was told that it failed. An earlier copy may yet be applied. */
  isGivenUp = false;
  /** Nothing more will be heard of it: it is applied, and committed. */
  isSettled = false;
  /** Set when it is applied. */
  result: MetadataResult | undefined;
  /** Who waits until everything up to here is stored. */
  readonly followers: ((failure: Refusal | undefined) => void)[] = [];
  readonly #bytes: Uint8Array;
  #done: SubmissionDone | undefined;

  /** @throws Error if the command cannot be encoded */
  constructor(
    command: MetadataCommand,
    options: { readonly isEarly: boolean; readonly isSpread: boolean; readonly tick: number },
    done: SubmissionDone,
  ) {
    this.#bytes = encodeMetadataCommand(command);
    this.command = decodeMetadataCommand(this.#bytes);
    this.isEarly = options.isEarly;
    this.isSpread = options.isSpread;
    this.tick = options.tick;
    this.#done = done;
  }

  get isAnswered(): boolean {
    return this.#done === undefined;
  }

  get freesSpace(): boolean {
    return this.isGivenUp || freesSpace(this.command);
  }

  /** Once: what to call with the result. */
  takeDone(): SubmissionDone | undefined {
    const done = this.#done;
    this.#done = undefined;
    return done;
  }

  /** What goes into the log, as the submission with the number of `origin`. */
  entry(origin: EntryOrigin): { readonly data: Uint8Array; readonly command: SubmittedCommand } {
    const command = this.isGivenUp ? undefined : this.command;
    const data = encodeMetadataEntry(origin, this.isGivenUp ? NOTHING : this.#bytes);
    return { data, command: new SubmittedCommand(origin, command) };
  }
}
