import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cookieHash } from "../src/cookie.ts";
import { CookieMismatchError, type DialError } from "../src/errors.ts";
import {
  AcceptorHandshake,
  DiallerHandshake,
  type HandshakeEnd,
  type HandshakeParty,
  type HandshakeStep,
  type VersionRange,
} from "../src/handshake.ts";
import { encodeHandshake, HandshakeReader, isNodeName } from "../src/handshake-message.ts";

const A = party("rabbit@a");
const B = party("rabbit@b");

function party(nodeName: string, changes: Partial<HandshakeParty> = {}): HandshakeParty {
  const versions = { min: 1, max: 1 };
  return { nodeName, cookie: "SECRET", versions, binding: Buffer.alloc(0), ...changes };
}

function dialler(from: HandshakeParty, nodeMeant?: string): DiallerHandshake {
  return new DiallerHandshake(from, { purpose: "raft", nodeMeant, where: "a:1" });
}

function acceptor(at: HandshakeParty, isServed = true): AcceptorHandshake {
  return new AcceptorHandshake(at, () => isServed, "b:2");
}

interface Outcome {
  readonly dialler: HandshakeEnd | undefined;
  readonly acceptor: HandshakeEnd | undefined;
  /** All that went over the wire. */
  readonly bytes: Buffer;
}

/** Passes on what each side sends, `size` bytes at a time. */
function shake(from: DiallerHandshake, at: AcceptorHandshake, size = 10_000): Outcome {
  const bytes = [from.hello];
  let dialled: HandshakeEnd | undefined;
  let accepted: HandshakeEnd | undefined;
  for (let hello: Buffer | undefined = from.hello; hello !== undefined; ) {
    const answer = pushPieces(at, hello, size);
    const next = pushPieces(from, answer.send ?? Buffer.alloc(0), size);
    accepted ??= answer.end;
    dialled ??= next.end;
    bytes.push(answer.send ?? Buffer.alloc(0), next.send ?? Buffer.alloc(0));
    hello = next.send;
  }
  return { dialler: dialled, acceptor: accepted, bytes: Buffer.concat(bytes) };
}

function pushPieces(
  side: DiallerHandshake | AcceptorHandshake,
  bytes: Buffer,
  size: number,
): HandshakeStep {
  const sent: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += size) {
    const { send, end } = side.push(bytes.subarray(start, start + size));
    if (send !== undefined) sent.push(send);
    if (end !== undefined) return { send: join(sent), end };
  }
  return { send: join(sent), end: undefined };
}

function join(pieces: readonly Buffer[]): Buffer | undefined {
  return pieces.length === 0 ? undefined : Buffer.concat(pieces);
}

function errorOf(end: HandshakeEnd | undefined): DialError {
  if (end?.kind !== "failed") throw new Error(`it ended with ${end?.kind}`);
  return end.error;
}

describe("the handshake", () => {
  test("tells each side who the other is, wherever the bytes are cut", () => {
    for (let size = 1; size <= 120; size++) {
      const { dialler: dialled, acceptor: accepted } = shake(dialler(B), acceptor(A), size);
      const rest = Buffer.alloc(0);
      expect(dialled, `pieces of ${size}`).toEqual({
        kind: "done",
        hello: { nodeName: "rabbit@a", purpose: "raft", version: 1 },
        rest,
      });
      expect(accepted, `pieces of ${size}`).toEqual({
        kind: "done",
        hello: { nodeName: "rabbit@b", purpose: "raft", version: 1 },
        rest,
      });
    }
  });

  test("keeps what comes behind it", () => {
    const from = dialler(B);
    const at = acceptor(A);
    const hello = at.push(from.hello).send ?? Buffer.alloc(0);
    const proof = from.push(hello).send ?? Buffer.alloc(0);
    const accepted = at.push(Buffer.concat([proof, Buffer.from("early")]));
    expect(accepted.end).toMatchObject({ kind: "done", rest: Buffer.from("early") });
    const dialled = from.push(Buffer.concat([accepted.send ?? proof, Buffer.from("data")]));
    expect(dialled.end).toMatchObject({ kind: "done", rest: Buffer.from("data") });
  });

  test("never shows the cookie", () => {
    const { bytes } = shake(dialler(B), acceptor(A));
    expect(bytes.includes("SECRET")).toBe(false);
    const refused = shake(dialler(party("rabbit@b", { cookie: "OTHERSECRET" })), acceptor(A));
    expect(refused.bytes.includes("SECRET")).toBe(false);
  });

  test("names both nodes and the hashes of their cookies, on both sides", () => {
    const other = "ANOTHERCOOKIE";
    const outcome = shake(dialler(party("rabbit@b", { cookie: other })), acceptor(A));
    const dialled = errorOf(outcome.dialler);
    expect(dialled).toBeInstanceOf(CookieMismatchError);
    expect(dialled.code).toBe("cookie");
    expect(dialled.message).toContain(
      `rabbit@a refused the cookie of rabbit@b: its hash is ${cookieHash(other)}`,
    );
    expect(errorOf(outcome.acceptor).message).toBe(
      `the cookie of rabbit@b at b:2 is refused: rabbit@a has the hash ${cookieHash("SECRET")}, ` +
        `the other has ${cookieHash(other)}`,
    );
    // Whoever connects without the cookie learns nothing that was made with it.
    expect(outcome.bytes.includes(cookieHash("SECRET"))).toBe(false);
  });

  test("is not done for a dialler that claims the cookie by its hash", () => {
    const at = acceptor(A);
    const from = dialler(party("rabbit@b", { cookie: "GUESS" }));
    const proof = from.push(at.push(from.hello).send ?? Buffer.alloc(0)).send ?? Buffer.alloc(0);
    expect(at.push(proof).end).toBeUndefined();
    const claim = encodeHandshake({ kind: "cookie hash", hash: cookieHash("SECRET") });
    expect(errorOf(at.push(claim).end).message).toContain("claims the same but does not have it");
  });

  test("tells of another cookie also if the dialler goes without a word", () => {
    const at = acceptor(A);
    const from = dialler(party("rabbit@b", { cookie: "GUESS" }));
    expect(at.closed()).toBeUndefined();
    at.push(from.push(at.push(from.hello).send ?? Buffer.alloc(0)).send ?? Buffer.alloc(0));
    expect(at.closed()?.message).toContain("the other did not say which it has");
  });

  test("does not take a proof that is sent back", () => {
    const from = dialler(B);
    const hello = encodeHandshake({
      kind: "hello",
      versionMin: 1,
      versionMax: 1,
      nonce: Buffer.alloc(32, 7),
      purpose: "raft",
      nodeName: "rabbit@a",
    });
    const proof = from.push(hello).send ?? Buffer.alloc(0);
    const error = errorOf(from.push(proof).end);
    expect(error).toBeInstanceOf(CookieMismatchError);
    expect(error.message).toContain("rabbit@a at a:1 did not prove that it has the cookie");
  });

  test("does not take proofs of another handshake", () => {
    const recorded = dialler(B);
    const first = acceptor(A);
    const proof =
      recorded.push(first.push(recorded.hello).send ?? Buffer.alloc(0)).send ?? Buffer.alloc(0);
    const second = acceptor(A);
    second.push(recorded.hello);
    expect(second.push(proof).end).toBeUndefined();
    expect(second.closed()).toBeInstanceOf(CookieMismatchError);
  });

  test("does not go through somebody between two TLS sessions", () => {
    const outcome = shake(
      dialler(party("rabbit@b", { binding: Buffer.from("one session") })),
      acceptor(party("rabbit@a", { binding: Buffer.from("another") })),
    );
    expect(errorOf(outcome.dialler).code).toBe("cookie");
  });

  test.each<[VersionRange, VersionRange, number | undefined]>([
    [{ min: 1, max: 1 }, { min: 1, max: 3 }, 1],
    [{ min: 1, max: 3 }, { min: 2, max: 2 }, 2],
    [{ min: 2, max: 4 }, { min: 1, max: 3 }, 3],
    [{ min: 1, max: 1 }, { min: 2, max: 3 }, undefined],
    [{ min: 4, max: 5 }, { min: 2, max: 3 }, undefined],
  ])("takes the highest common version of %o and %o: %s", (ours, theirs, version) => {
    const outcome = shake(
      dialler(party("rabbit@b", { versions: theirs })),
      acceptor(party("rabbit@a", { versions: ours })),
    );
    if (version !== undefined) {
      expect(outcome.dialler).toMatchObject({ kind: "done", hello: { version } });
      expect(outcome.acceptor).toMatchObject({ kind: "done", hello: { version } });
      return;
    }
    for (const end of [outcome.dialler, outcome.acceptor]) {
      expect(errorOf(end).code).toBe("version");
      expect(errorOf(end).message).toMatch(/rabbit@[ab] speaks \d.*, rabbit@[ab] speaks \d/);
    }
  });

  test("does not go on with another node than the one that was meant", () => {
    const outcome = shake(dialler(B, "rabbit@c"), acceptor(A));
    expect(errorOf(outcome.dialler)).toMatchObject({
      code: "wrong_node",
      message: "rabbit@a answers at a:1, not rabbit@c",
    });
    expect(shake(dialler(B, "rabbit@a"), acceptor(A)).dialler?.kind).toBe("done");
  });

  test("refuses a purpose that nobody serves now, after the proof", () => {
    const outcome = shake(dialler(B), acceptor(A, false));
    expect(errorOf(outcome.dialler)).toMatchObject({ code: "unavailable", isTransient: true });
    expect(errorOf(outcome.dialler).message).toContain("raft connections are not available now");
    const stranger = shake(dialler(party("rabbit@b", { cookie: "X" })), acceptor(A, false));
    expect(errorOf(stranger.dialler).code).toBe("cookie");
  });

  test.each([
    ["GET / HTTP/1.1\r\n\r\n", "not_leveret"],
    ["AMQP\u0000\u0000\u0009\u0001", "not_leveret"],
    ["L", undefined],
    ["LVX", "not_leveret"],
    ["\u0016\u0003\u0001", "tls"],
    ["\u0015\u0003\u0001", "tls"],
    ["LVRT\u0001\u00ff\u00ff", "not_leveret"],
    ["LVRT\u0009\u0000\u0000", "not_leveret"],
    ["LVRT\u0002\u0000\u0001x", "not_leveret"],
  ])("knows by the first bytes that %j is none: %s", (text, code) => {
    for (const side of [acceptor(A), dialler(B)]) {
      const { end } = side.push(Buffer.from(text, "latin1"));
      expect(end?.kind === "failed" ? end.error.code : undefined).toBe(code);
    }
  });

  test("refuses messages out of order", () => {
    const at = acceptor(A);
    const from = dialler(B);
    at.push(from.hello);
    expect(errorOf(at.push(from.hello).end).message).toContain("hello out of order");
    const proof = encodeHandshake({ kind: "proof", proof: Buffer.alloc(32) });
    expect(errorOf(acceptor(A).push(proof).end).message).toContain("proof out of order");
    const mismatch = encodeHandshake({ kind: "refusal", code: "cookie", text: "" });
    expect(errorOf(dialler(B).push(mismatch).end).message).toContain("out of order");
  });

  test("answers any bytes with a step, never with an exception", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(10), (noise, at) => {
        const hello = Buffer.from(dialler(B).hello);
        hello.set(noise.subarray(0, Math.max(0, hello.length - at)), at);
        const { end } = acceptor(A).push(hello);
        expect(end?.kind).not.toBe("done");
      }),
    );
  });

  test("takes bytes of a later version behind the fields that it knows", () => {
    const hello = Buffer.concat([dialler(B).hello, Buffer.from("more")]);
    hello.writeUInt16BE(hello.readUInt16BE(5) + 4, 5);
    const reader = new HandshakeReader();
    reader.push(hello);
    expect(reader.next()?.message).toMatchObject({ kind: "hello", nodeName: "rabbit@b" });
  });
});

describe("names of nodes", () => {
  test.each(["rabbit@host", "rabbit@host.example.com", "tool-7@häschen", "a@10.0.0.1"])(
    "%s is one",
    (name) => expect(isNodeName(name)).toBe(true),
  );

  test.each([
    "",
    "rabbit",
    "@",
    "a@",
    "@b",
    "a@b@c",
    "a b@c",
    "a@b\n",
    "a@\u001b[31m",
    `a@${"x".repeat(254)}`,
  ])("%j is none", (name) => expect(isNodeName(name)).toBe(false));
});
