import type { SnapshotSource } from "@leveret/raft";
import type { ReplicatedSnapshot, VirtualHostSnapshot } from "../metadata-snapshot.ts";
import {
  type Field,
  type Fields,
  MetadataCodecError,
  optional,
  packFields,
  trailing,
  unpackFields,
} from "./fields.ts";
import {
  BINDING,
  EXCHANGE,
  GLOBAL_PARAMETER,
  MEMBER,
  ORIGIN,
  PARAMETER,
  PERMISSION,
  POLICY,
  QUEUE,
  readInteger,
  TOPIC_PERMISSION,
  USER,
  VHOST,
} from "./record-codec.ts";

/**
 * A snapshot is a row of records, each with its size as u32 (little endian) before it: the first says what this is, one for each thing
 * in the state, the last how many there were. What lives in a vhost follows its vhost. In MessagePack, as commands are.
 */
const FORMAT = "leveret metadata";
const VERSION = 1;
const WHAT = "the metadata snapshot";
const SIZE_BYTES = 4;
/** Of the next node, while none was ever added: a snapshot older than clusters says nothing about it. */
const FIRST_NODE_ID = 1;
/** Some 500 records: encoding them takes less than a millisecond. */
const PIECE_BYTES_MAX = 65_536;

const Kind = {
  End: 0,
  Vhost: 1,
  Policy: 2,
  OperatorPolicy: 3,
  Parameter: 4,
  Exchange: 5,
  Queue: 6,
  Binding: 7,
  User: 8,
  Permission: 9,
  TopicPermission: 10,
  GlobalParameter: 11,
  Member: 12,
  Origin: 13,
} as const;

/** A record of a snapshot without the frame: the object it stands for, and its fields. */
interface SnapshotRecord {
  readonly kind: number;
  readonly object: object;
  fields(): Field[];
}

/** Everything in the state, one by one. */
export function* snapshotRecords(snapshot: ReplicatedSnapshot): Generator<SnapshotRecord> {
  for (const vhost of snapshot.vhosts) yield* vhostRecords(vhost);
  yield* records(Kind.User, USER, snapshot.users);
  yield* records(Kind.Permission, PERMISSION, snapshot.permissions);
  yield* records(Kind.TopicPermission, TOPIC_PERMISSION, snapshot.topicPermissions);
  yield* records(Kind.GlobalParameter, GLOBAL_PARAMETER, snapshot.globalParameters);
  yield* records(Kind.Member, MEMBER, snapshot.members);
  yield* records(Kind.Origin, ORIGIN, snapshot.origins);
}

function* vhostRecords(snapshot: VirtualHostSnapshot): Generator<SnapshotRecord> {
  yield* records(Kind.Vhost, VHOST, [snapshot.vhost]);
  yield* records(Kind.Policy, POLICY, snapshot.policies);
  yield* records(Kind.OperatorPolicy, POLICY, snapshot.operatorPolicies);
  yield* records(Kind.Parameter, PARAMETER, snapshot.parameters);
  yield* records(Kind.Exchange, EXCHANGE, snapshot.exchanges);
  yield* records(Kind.Queue, QUEUE, snapshot.queues);
  yield* records(Kind.Binding, BINDING, snapshot.bindings);
}

function* records<R extends object>(
  kind: number,
  { write }: { write(record: R): Field[] },
  list: readonly R[],
): Generator<SnapshotRecord> {
  for (const object of list) yield { kind, object, fields: () => write(object) };
}

function* framedRecords(snapshot: ReplicatedSnapshot): Generator<Uint8Array> {
  yield framed([FORMAT, VERSION, ...headFields(snapshot)]);
  let count = 0;
  for (const { kind, fields } of snapshotRecords(snapshot)) {
    count++;
    yield framed([kind, ...fields()]);
  }
  yield framed([Kind.End, count]);
}

/** What there is once. */
export function headFields({ isSetUp, nextGroupId, nextNodeId }: ReplicatedSnapshot): Field[] {
  const isNodeKnown = nextNodeId > FIRST_NODE_ID;
  return [isSetUp, optional(nextGroupId), ...trailing(isNodeKnown ? nextNodeId : null)];
}

function framed(fields: readonly Field[]): Uint8Array {
  const packed = packFields(fields);
  const bytes = new Uint8Array(SIZE_BYTES + packed.length);
  new DataView(bytes.buffer).setUint32(0, packed.length, true);
  bytes.set(packed, SIZE_BYTES);
  return bytes;
}

/** Encodes a captured state piece by piece; the records in it never change. */
export class MetadataSnapshotSource implements SnapshotSource {
  /** Metadata refers to no entry of its log. */
  readonly live: readonly [] = [];
  #records: Generator<Uint8Array> | undefined;
  /** Of the record that did not fit into the last piece. */
  #rest: Uint8Array = EMPTY;

  constructor(snapshot: ReplicatedSnapshot) {
    this.#records = framedRecords(snapshot);
  }

  next(maxBytes: number): Uint8Array | undefined {
    const piece = Buffer.allocUnsafe(Math.min(maxBytes, PIECE_BYTES_MAX));
    let size = 0;
    while (size < piece.length) {
      if (this.#rest.length === 0) this.#rest = this.#nextRecord() ?? EMPTY;
      if (this.#rest.length === 0) break;
      const part = this.#rest.subarray(0, piece.length - size);
      piece.set(part, size);
      size += part.length;
      this.#rest = this.#rest.subarray(part.length);
    }
    return size === 0 ? undefined : piece.subarray(0, size);
  }

  close(): void {
    this.#records = undefined;
    this.#rest = EMPTY;
  }

  #nextRecord(): Uint8Array | undefined {
    const next = this.#records?.next();
    return next === undefined || next.done === true ? undefined : next.value;
  }
}

const EMPTY = new Uint8Array(0);

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer I)[] ? I[] : T[K] };
/** A state that is being read. */
type Draft = Mutable<Omit<ReplicatedSnapshot, "vhosts">> & {
  vhosts: Mutable<VirtualHostSnapshot>[];
};

/** Reads a snapshot that comes in pieces, cut anywhere. */
export class MetadataSnapshotReader {
  #pending: Uint8Array = EMPTY;
  #draft: Draft | undefined;
  #count = 0;
  #isComplete = false;

  /** @throws MetadataCodecError */
  add(bytes: Uint8Array): void {
    let input = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    while (input.length >= SIZE_BYTES) {
      const size = new DataView(input.buffer, input.byteOffset).getUint32(0, true);
      const end = SIZE_BYTES + size;
      if (input.length < end) break;
      this.#take(unpackFields(input.subarray(SIZE_BYTES, end), WHAT));
      input = input.subarray(end);
    }
    this.#pending = input.slice();
  }

  /** @throws MetadataCodecError if there is not all of it */
  finish(): ReplicatedSnapshot {
    const draft = this.#draft;
    if (draft === undefined || !this.#isComplete || this.#pending.length > 0) {
      throw new MetadataCodecError(`${WHAT} is not complete`);
    }
    return draft;
  }

  #take(fields: Fields): void {
    if (this.#isComplete) throw new MetadataCodecError(`${WHAT} goes on behind its end`);
    if (this.#draft === undefined) {
      this.#draft = startDraft(fields);
      return;
    }
    const kind = fields.integer();
    if (kind !== Kind.End) {
      this.#count++;
      addRecord(this.#draft, kind, fields);
      return;
    }
    const count = fields.integer();
    if (count !== this.#count) {
      throw new MetadataCodecError(`${WHAT} has ${this.#count} records instead of ${count}`);
    }
    this.#isComplete = true;
  }
}

function startDraft(fields: Fields): Draft {
  fields.oneOf([FORMAT]);
  const version = fields.integer();
  if (version !== VERSION) {
    throw new MetadataCodecError(`${WHAT} has version ${version}; this program knows ${VERSION}`);
  }
  return {
    isSetUp: fields.flag(),
    nextGroupId: fields.optional(readInteger),
    nextNodeId: fields.trailing(readInteger) ?? FIRST_NODE_ID,
    members: [],
    vhosts: [],
    users: [],
    permissions: [],
    topicPermissions: [],
    globalParameters: [],
    origins: [],
  };
}

function addRecord(draft: Draft, kind: number, fields: Fields): void {
  const add = COMMON.get(kind);
  if (add !== undefined) {
    add(draft, fields);
    return;
  }
  const vhost = draft.vhosts.at(-1);
  if (vhost === undefined) throw new MetadataCodecError(`${WHAT} does not start with a vhost`);
  addToVhost(vhost, kind, fields);
}

/** Records that are in no vhost, and vhosts. */
const COMMON: ReadonlyMap<number, (draft: Draft, fields: Fields) => unknown> = new Map([
  [Kind.Vhost, (draft: Draft, fields: Fields) => draft.vhosts.push(emptyVhost(fields))],
  [Kind.User, (draft: Draft, fields: Fields) => draft.users.push(USER.read(fields))],
  [
    Kind.Permission,
    (draft: Draft, fields: Fields) => draft.permissions.push(PERMISSION.read(fields)),
  ],
  [
    Kind.TopicPermission,
    (draft: Draft, fields: Fields) => draft.topicPermissions.push(TOPIC_PERMISSION.read(fields)),
  ],
  [
    Kind.GlobalParameter,
    (draft: Draft, fields: Fields) => draft.globalParameters.push(GLOBAL_PARAMETER.read(fields)),
  ],
  [Kind.Member, (draft: Draft, fields: Fields) => draft.members.push(MEMBER.read(fields))],
  [Kind.Origin, (draft: Draft, fields: Fields) => draft.origins.push(ORIGIN.read(fields))],
]);

function emptyVhost(fields: Fields): Mutable<VirtualHostSnapshot> {
  return {
    vhost: VHOST.read(fields),
    policies: [],
    operatorPolicies: [],
    parameters: [],
    exchanges: [],
    queues: [],
    bindings: [],
  };
}

function addToVhost(into: Mutable<VirtualHostSnapshot>, kind: number, fields: Fields): void {
  const add = <R extends { readonly vhost: string }>(list: R[], record: R): void => {
    if (record.vhost !== into.vhost.name) {
      throw new MetadataCodecError(`${WHAT} has a record of another vhost than the one before it`);
    }
    list.push(record);
  };
  if (kind === Kind.Policy) add(into.policies, POLICY.read(fields));
  else if (kind === Kind.OperatorPolicy) add(into.operatorPolicies, POLICY.read(fields));
  else if (kind === Kind.Parameter) add(into.parameters, PARAMETER.read(fields));
  else if (kind === Kind.Exchange) add(into.exchanges, EXCHANGE.read(fields));
  else if (kind === Kind.Queue) add(into.queues, QUEUE.read(fields));
  else if (kind === Kind.Binding) add(into.bindings, BINDING.read(fields));
  else throw new MetadataCodecError(`${WHAT} has a record of the unknown kind ${kind}`);
}
