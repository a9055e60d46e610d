import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { cookieHash } from "./cookie.ts";
import { CookieMismatchError, DialError } from "./errors.ts";
import {
  encodeHandshake,
  HandshakeFormatError,
  type HandshakeMessage,
  HandshakeReader,
  type HelloMessage,
  PURPOSES,
  type Purpose,
  type ReceivedMessage,
  type RefusalCode,
} from "./handshake-message.ts";

const NONCE_SIZE = 32;

/** Versions of the handshake and of what follows that this program speaks; the highest common one is taken. */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

export const VERSIONS: VersionRange = { min: 1, max: 1 };

/** One side of a handshake. */
export interface HandshakeParty {
  readonly nodeName: string;
  readonly cookie: string;
  readonly versions: VersionRange;
  /**
   * Secret of the TLS session that both sides know, so that nobody can stand between two sessions and pass the handshake on.
   * Empty without TLS.
   */
  readonly binding: Buffer;
}

/** What the other side said of itself and proved by its cookie. */
export interface Hello {
  readonly nodeName: string;
  readonly purpose: Purpose;
  readonly version: number;
}

/** After each push: send this, and perhaps it is over. */
export interface HandshakeStep {
  readonly send: Buffer | undefined;
  readonly end: HandshakeEnd | undefined;
}

export type HandshakeEnd =
  /** `rest`: bytes behind the handshake. */
  | { readonly kind: "done"; readonly hello: Hello; readonly rest: Buffer }
  /** Let what is to be sent go out, then close. */
  | { readonly kind: "failed"; readonly error: DialError };

/** What the acceptor's handshake asks about a purpose. */
export type IsServed = (purpose: Purpose) => boolean;

const WAIT: HandshakeStep = { send: undefined, end: undefined };

/**
 * The side that connects. It proves first that it has the cookie: an acceptor proves nothing to those who have not, so
 * nobody gets an answer of a node to try cookies with, just by connecting to it.
 */
export class DiallerHandshake {
  readonly #party: HandshakeParty;
  readonly #purpose: Purpose;
  readonly #nodeMeant: string | undefined;
  readonly #where: string;
  readonly #reader = new HandshakeReader();
  readonly #hello: Buffer;
  #transcript: Buffer | undefined;
  #acceptor: { readonly nodeName: string; readonly version: number } | undefined;

  /** `nodeMeant` undefined: whoever answers. `where`: the address, for people. */
  constructor(
    party: HandshakeParty,
    options: {
      readonly purpose: Purpose;
      readonly nodeMeant: string | undefined;
      readonly where: string;
    },
  ) {
    this.#party = party;
    this.#purpose = options.purpose;
    this.#nodeMeant = options.nodeMeant;
    this.#where = options.where;
    this.#hello = encodeHello(party, options.purpose);
  }

  /** The first bytes. */
  get hello(): Buffer {
    return this.#hello;
  }

  push(chunk: Buffer): HandshakeStep {
    this.#reader.push(chunk);
    try {
      for (let step = WAIT; ; ) {
        const received = this.#reader.next();
        if (received === undefined) return step;
        const next = this.#receive(received);
        step = { send: joined(step.send, next.send), end: next.end };
        if (step.end !== undefined) return step;
      }
    } catch (error) {
      return { send: undefined, end: { kind: "failed", error: formatFailure(error, this.#where) } };
    }
  }

  #receive({ message, bytes }: ReceivedMessage): HandshakeStep {
    if (message.kind === "refusal") return this.#refused(message.code, message.text);
    if (message.kind === "hello" && this.#transcript === undefined) {
      return this.#greeted(message, bytes);
    }
    if (message.kind === "proof" && this.#transcript !== undefined) {
      return this.#answered(message.proof, this.#transcript);
    }
    throw new HandshakeFormatError("malformed", `${message.kind} out of order`);
  }

  #greeted(hello: HelloMessage, bytes: Buffer): HandshakeStep {
    const { party, name } = { party: this.#party, name: hello.nodeName };
    const version = commonVersion(party.versions, hello);
    if (version === undefined) return failed("version", versionText(party, hello));
    if (this.#nodeMeant !== undefined && this.#nodeMeant !== name) {
      return failed("wrong_node", `${name} answers at ${this.#where}, not ${this.#nodeMeant}`);
    }
    this.#acceptor = { nodeName: name, version };
    this.#transcript = transcriptOf(this.#hello, bytes, party.binding);
    const proof = proofOf(party.cookie, "dialler", this.#transcript);
    return { send: encodeHandshake({ kind: "proof", proof }), end: undefined };
  }

  #answered(proof: Buffer, transcript: Buffer): HandshakeStep {
    const acceptor = this.#acceptor;
    const expected = proofOf(this.#party.cookie, "acceptor", transcript);
    if (acceptor === undefined || !timingSafeEqual(proof, expected)) {
      const text =
        `${acceptor?.nodeName} at ${this.#where} did not prove that it has the cookie of ${this.#party.nodeName} ` +
        `(hash ${cookieHash(this.#party.cookie)})`;
      return { send: undefined, end: { kind: "failed", error: new CookieMismatchError(text) } };
    }
    const hello = { ...acceptor, purpose: this.#purpose };
    return { send: undefined, end: { kind: "done", hello, rest: this.#reader.rest() } };
  }

  #refused(code: RefusalCode | undefined, text: string): HandshakeStep {
    const name = this.#acceptor?.nodeName ?? this.#where;
    if (code !== "cookie") return failed(code ?? "closed", `${name} refused: ${text}`);
    // Not before the proof: a hash is worth less than the proof that was sent, and helps whoever reads the other side's log.
    if (this.#acceptor === undefined) {
      throw new HandshakeFormatError("malformed", "refusal out of order");
    }
    const hash = cookieHash(this.#party.cookie);
    const error = new CookieMismatchError(
      `${name} refused the cookie of ${this.#party.nodeName}: its hash is ${hash}, that of ${name} differs ` +
        `(the log of ${name} shows it). All nodes and tools of a cluster need the same cookie`,
    );
    return {
      send: encodeHandshake({ kind: "cookie hash", hash }),
      end: { kind: "failed", error },
    };
  }
}

/** The side that was connected to. */
export class AcceptorHandshake {
  readonly #party: HandshakeParty;
  readonly #isServed: IsServed;
  readonly #where: string;
  readonly #reader = new HandshakeReader();
  #dialler: { readonly nodeName: string; readonly purpose: string } | undefined;
  #version = 0;
  #transcript: Buffer | undefined;
  #isMismatch = false;

  constructor(party: HandshakeParty, isServed: IsServed, where: string) {
    this.#party = party;
    this.#isServed = isServed;
    this.#where = where;
  }

  /** Who it says it is, as far as that is known; not proved. */
  get nodeName(): string | undefined {
    return this.#dialler?.nodeName;
  }

  push(chunk: Buffer): HandshakeStep {
    this.#reader.push(chunk);
    try {
      for (let step = WAIT; ; ) {
        const received = this.#reader.next();
        if (received === undefined) return step;
        const next = this.#receive(received);
        step = { send: joined(step.send, next.send), end: next.end };
        if (step.end !== undefined) return step;
      }
    } catch (error) {
      return { send: undefined, end: { kind: "failed", error: formatFailure(error, this.#where) } };
    }
  }

  /** Nothing more comes. undefined: that is nobody's fault, or was told before. */
  closed(): DialError | undefined {
    return this.#isMismatch ? this.#mismatch(undefined) : undefined;
  }

  #receive({ message, bytes }: ReceivedMessage): HandshakeStep {
    if (this.#isMismatch && message.kind === "cookie hash") {
      return {
        send: undefined,
        end: { kind: "failed", error: this.#mismatch(message.hash) },
      };
    }
    if (message.kind === "hello" && this.#dialler === undefined)
      return this.#greeted(message, bytes);
    if (message.kind === "proof" && this.#transcript !== undefined && !this.#isMismatch) {
      return this.#answered(message.proof, this.#transcript);
    }
    throw new HandshakeFormatError("malformed", `${message.kind} out of order`);
  }

  #greeted(hello: HelloMessage, bytes: Buffer): HandshakeStep {
    this.#dialler = hello;
    const own = encodeHello(this.#party, hello.purpose);
    const version = commonVersion(this.#party.versions, hello);
    if (version === undefined) {
      const text = versionText(this.#party, hello);
      return refuse("version", text, own);
    }
    this.#version = version;
    this.#transcript = transcriptOf(bytes, own, this.#party.binding);
    return { send: own, end: undefined };
  }

  #answered(proof: Buffer, transcript: Buffer): HandshakeStep {
    const { cookie } = this.#party;
    if (!timingSafeEqual(proof, proofOf(cookie, "dialler", transcript))) {
      // Not over yet: the dialler says the hash of its cookie, for the log.
      this.#isMismatch = true;
      return { send: refusal("cookie", "the cookies differ"), end: undefined };
    }
    const purpose = PURPOSES.find((known) => known === this.#dialler?.purpose);
    if (purpose === undefined || !this.#isServed(purpose)) {
      return refuse(
        "unavailable",
        `${this.#dialler?.purpose} connections are not available now, its application is stopped`,
      );
    }
    const hello = { nodeName: this.#dialler?.nodeName ?? "", purpose, version: this.#version };
    return {
      send: encodeHandshake({ kind: "proof", proof: proofOf(cookie, "acceptor", transcript) }),
      end: { kind: "done", hello, rest: this.#reader.rest() },
    };
  }

  #mismatch(hash: string | undefined): CookieMismatchError {
    const own = cookieHash(this.#party.cookie);
    const claim = hash === own ? `claims the same but does not have it` : `has ${hash}`;
    const theirs = hash === undefined ? "did not say which it has" : claim;
    return new CookieMismatchError(
      `the cookie of ${this.#dialler?.nodeName} at ${this.#where} is refused: ` +
        `${this.#party.nodeName} has the hash ${own}, the other ${theirs}`,
    );
  }
}

/** For a connection that is not even listened to. */
export function refusal(code: RefusalCode, text: string): Buffer {
  return encodeHandshake({ kind: "refusal", code, text });
}

function encodeHello(party: HandshakeParty, purpose: string): Buffer {
  const { min, max } = party.versions;
  const message: HandshakeMessage = {
    kind: "hello",
    versionMin: min,
    versionMax: max,
    nonce: randomBytes(NONCE_SIZE),
    purpose,
    nodeName: party.nodeName,
  };
  return encodeHandshake(message);
}

function refuse(code: RefusalCode, text: string, before?: Buffer): HandshakeStep {
  return {
    send: joined(before, refusal(code, text)),
    end: { kind: "failed", error: new DialError(code, text) },
  };
}

function failed(code: DialError["code"], text: string): HandshakeStep {
  return { send: undefined, end: { kind: "failed", error: new DialError(code, text) } };
}

function joined(first: Buffer | undefined, second: Buffer | undefined): Buffer | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return Buffer.concat([first, second]);
}

function commonVersion(ours: VersionRange, hello: HelloMessage): number | undefined {
  const version = Math.min(ours.max, hello.versionMax);
  return version < Math.max(ours.min, hello.versionMin) ? undefined : version;
}

function versionText({ nodeName, versions }: HandshakeParty, hello: HelloMessage): string {
  const range = (min: number, max: number): string => (min === max ? `${min}` : `${min} to ${max}`);
  return (
    `no common version of the cluster protocol: ${nodeName} speaks ${range(versions.min, versions.max)}, ` +
    `${hello.nodeName} speaks ${range(hello.versionMin, hello.versionMax)}`
  );
}

/** All that both sides said before the proofs: nonces, names, versions and purpose. */
function transcriptOf(diallerHello: Buffer, acceptorHello: Buffer, binding: Buffer): Buffer {
  return createHash("sha256").update(diallerHello).update(acceptorHello).update(binding).digest();
}

/** The role is part of it, so that a proof sent back is none. */
function proofOf(cookie: string, role: "dialler" | "acceptor", transcript: Buffer): Buffer {
  return createHmac("sha256", cookie).update(`leveret ${role}\n`).update(transcript).digest();
}

function formatFailure(error: unknown, where: string): DialError {
  if (!(error instanceof HandshakeFormatError)) throw error;
  const code = error.code === "malformed" ? "not_leveret" : error.code;
  const text =
    error.code === "malformed"
      ? `${where} broke the handshake: ${error.message}`
      : `${where} is no node of Leveret: ${error.message}`;
  return new DialError(code, error.code === "tls" ? `${where}: TLS is on at one side only` : text, {
    cause: error,
  });
}
