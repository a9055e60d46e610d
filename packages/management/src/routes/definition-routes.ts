import { badRequest, notFound } from "../http-error.ts";
import { Slices } from "../lists/slices.ts";
import { jsonText } from "../lists/text-stream.ts";
import type { JsonObject } from "../model/json.ts";
import type { DocumentSection } from "../model/metadata.ts";
import { noContent } from "./answers.ts";
import { type ApiRequest, type RawBody, type Route, route } from "./route.ts";
import { requireVhostForChange } from "./vhost-scope.ts";

const may = "administrator";
/** The name of the field in which a form sends the document. */
const FORM_FIELD = "file";

export const DEFINITION_ROUTES: readonly Route[] = [
  ...["/definitions", "/all-configuration"].flatMap((path): Route[] => [
    route({
      method: "GET",
      path,
      may,
      summary: "All metadata as a definitions document. `download=NAME`: to be saved as a file.",
      audit: { action: "export_definitions" },
      query: ["download"],
      handle: (request) => documentAnswer(request, request.node.metadata.exportDefinitions()),
    }),
    route({
      method: "POST",
      path,
      may,
      summary: "Imports a definitions document, as JSON or as the field `file` of a form.",
      audit: { action: "import_definitions" },
      body: "raw",
      handle: (request) => importDocument(request, undefined),
    }),
  ]),
  route({
    method: "GET",
    path: "/definitions/{vhost}",
    may,
    summary: "The metadata of a virtual host as a definitions document.",
    audit: { action: "export_definitions" },
    query: ["download"],
    handle: (request) => {
      const document = request.node.metadata.exportDefinitions(request.params.vhost);
      return documentAnswer(request, document);
    },
  }),
  route({
    method: "POST",
    path: "/definitions/{vhost}",
    may,
    summary: "Imports a definitions document into a virtual host.",
    audit: { action: "import_definitions" },
    body: "raw",
    handle: (request) => {
      const { name } = requireVhostForChange(request, request.params.vhost);
      return importDocument(request, name);
    },
  }),
];

async function documentAnswer(
  { query, signal }: ApiRequest,
  sections: Iterable<DocumentSection> | undefined,
): Promise<Response> {
  if (sections === undefined) throw notFound();
  const answer = await jsonText(documentText(sections, signal));
  const name = query.get("download");
  if (name !== null) answer.headers.set("content-disposition", attachment(name));
  return answer;
}

/** Made in slices: a document has all queues and bindings. */
async function* documentText(
  sections: Iterable<DocumentSection>,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const slices = new Slices();
  let separator = "{";
  for (const [key, value] of sections) {
    yield `${separator}${JSON.stringify(key)}:`;
    separator = ",";
    if (typeof value === "string") yield JSON.stringify(value);
    else yield* listText(value, slices, signal);
  }
  yield "}";
}

async function* listText(
  entries: Iterable<JsonObject>,
  slices: Slices,
  signal: AbortSignal,
): AsyncGenerator<string> {
  let separator = "[";
  for (const entry of entries) {
    yield separator + JSON.stringify(entry);
    separator = ",";
    if (!slices.isDue()) continue;
    await slices.pause();
    signal.throwIfAborted();
  }
  yield separator === "[" ? "[]" : "]";
}

/** RFC 6266: a name of plain characters, and the name as it is. */
function attachment(name: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9._@-]/g, "_").slice(0, 200);
  return `attachment; filename="${plain}"`;
}

async function importDocument(
  { node, user, body }: ApiRequest<unknown, RawBody>,
  vhost: string | undefined,
): Promise<Response> {
  // Who sends nothing wants nothing (RabbitMQ).
  if (body.bytes.length === 0) return noContent();
  await node.metadata.importDefinitions(await documentOf(body), { vhost, by: user });
  return noContent();
}

async function documentOf({ bytes, contentType }: RawBody): Promise<string> {
  if (!/^multipart\/form-data\b/i.test(contentType)) return bytes.toString("utf8");
  const form = await readForm(bytes, contentType);
  const file = form.get(FORM_FIELD);
  if (file === null) throw badRequest(`the form has no field ${FORM_FIELD}`);
  return typeof file === "string" ? file : file.text();
}

async function readForm(bytes: Buffer, contentType: string): Promise<FormData> {
  try {
    return await new Response(new Uint8Array(bytes), {
      headers: { "content-type": contentType },
    }).formData();
  } catch (error) {
    throw badRequest("the form cannot be read", { cause: error });
  }
}
