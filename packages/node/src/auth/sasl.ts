import { AmqpError, decodeFieldTable, textOf } from "@leveret/amqp";

interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Bytes of a SASL response that are looked at: a password may be a token with many scopes. */
const RESPONSE_SIZE_MAX = 65_536;
const TABLE_SIZE_FIELD = 4;

/**
 * PLAIN (RFC 4616): `authorization id NUL user NUL password`. The authorization id must be empty, as RabbitMQ wants
 * it; the password may contain anything but NUL. undefined: malformed.
 */
export function parsePlainResponse(response: Buffer): Credentials | undefined {
  if (response.length > RESPONSE_SIZE_MAX) return undefined;
  const parts = response.toString("utf8").split("\0");
  const [, username, password] = parts;
  if (parts.length !== 3 || parts[0] !== "") return undefined;
  if (username === undefined || password === undefined) return undefined;
  return { username, password };
}

/** AMQPLAIN: a field table without its size, with LOGIN and PASSWORD as strings. undefined: malformed. */
export function parseAmqplainResponse(response: Buffer): Credentials | undefined {
  if (response.length > RESPONSE_SIZE_MAX) return undefined;
  const sized = Buffer.alloc(TABLE_SIZE_FIELD + response.length);
  sized.writeUInt32BE(response.length);
  response.copy(sized, TABLE_SIZE_FIELD);
  const table = tryDecode(sized);
  const username = textOf(table?.get("LOGIN"));
  const password = textOf(table?.get("PASSWORD"));
  if (username === undefined || password === undefined) return undefined;
  return { username, password };
}

function tryDecode(bytes: Buffer): ReturnType<typeof decodeFieldTable> | undefined {
  try {
    return decodeFieldTable(bytes, 0, bytes.length);
  } catch (error) {
    if (error instanceof AmqpError) return undefined;
    throw error;
  }
}
