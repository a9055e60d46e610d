/** Something that a user of the API does. */
export interface AuditedAction {
  readonly user: string;
  /** Whence: an address. */
  readonly from: string;
  readonly action: string;
  /** What it is done to. */
  readonly subject: Readonly<Record<string, string | number | boolean>>;
}

/** Where it is written down who did what. */
export interface Audit {
  /** Called before it is done. */
  note(action: AuditedAction): void;
}
