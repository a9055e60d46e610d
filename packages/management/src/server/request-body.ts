import type { IncomingMessage } from "node:http";
import * as v from "valibot";
import { badRequest } from "../http-error.ts";
import type { BodySchema } from "../routes/route.ts";

/** Reads a body as a whole. @throws HttpError if it is larger than `sizeMax` */
export async function readBody(incoming: IncomingMessage, sizeMax: number): Promise<Buffer> {
  const announced = Number(incoming.headers["content-length"] ?? 0);
  if (announced > sizeMax) throw tooLarge(incoming, sizeMax);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > sizeMax) throw tooLarge(incoming, sizeMax);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What the client still sends is read and thrown away for as long as it reads the answer; then the connection ends. */
function tooLarge(incoming: IncomingMessage, sizeMax: number): Error {
  incoming.resume();
  return badRequest(`Exceeded HTTP request body size limit: ${sizeMax} bytes`);
}

/** The body as a route's schema makes it. An empty one, and null, is an empty object. @throws HttpError in RabbitMQ's words */
export function parseBody<Body>(schema: BodySchema<Body>, bytes: Buffer): Body {
  const json = parseJson(bytes) ?? {};
  if (typeof json !== "object" || Array.isArray(json)) throw badRequest("not_json");
  const result = v.safeParse(schema, json);
  if (result.success) return result.output;
  const missing = result.issues.filter(isMissing).map((issue) => v.getDotPath(issue));
  if (missing.length > 0) {
    throw badRequest(`[${missing.map((key) => `{key_missing,${key}}`).join(",")}]`);
  }
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  throw badRequest(path === null ? issue.message : `${path}: ${issue.message}`);
}

function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) return {};
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    throw badRequest("not_json", { cause: error });
  }
}

function isMissing(issue: v.BaseIssue<unknown>): boolean {
  return issue.kind === "schema" && issue.received === "undefined" && issue.path?.length === 1;
}
