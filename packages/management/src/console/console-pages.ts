import type { Context, Hono } from "hono";
import { type Environment, rawPath } from "../server/environment.ts";
import type { ConsoleFile, ConsoleFiles } from "./console-files.ts";

/** Nothing comes from elsewhere, no script stands in the page, nobody frames it. */
const PAGE_HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  vary: "accept-encoding",
} as const;

/** A name that changes with the content never has to be asked for again. */
const FOREVER = "public, max-age=31536000, immutable";

/** Serves the console at `/`, and its files below `/assets`. */
export function addConsolePages(app: Hono<Environment>, files: ConsoleFiles): void {
  app.get("/", (context) => {
    // Below a prefix, the page's links to its files need the slash.
    const path = rawPath(context.env);
    if (!path.endsWith("/")) return context.redirect(`${path}/`, 301);
    return pageAnswer(context, files.get("/"));
  });
  app.get("/index.html", (context) => pageAnswer(context, files.get("/")));
  app.get("/assets/:name", (context) => {
    const file = files.get(`/assets/${context.req.param("name")}`);
    return file === undefined ? context.notFound() : fileAnswer(context, file);
  });
}

function pageAnswer(context: Context<Environment>, file: ConsoleFile | undefined): Response {
  if (file !== undefined) return fileAnswer(context, file);
  const text =
    "This installation has no management console: build it by `npm run build`. The API is at api/.\n";
  return new Response(text, { status: 404, headers: { "content-type": "text/plain" } });
}

function fileAnswer({ req }: Context<Environment>, file: ConsoleFile): Response {
  const cacheControl = file.isImmutable ? FOREVER : "no-cache";
  const headers = { ...PAGE_HEADERS, etag: file.etag, "cache-control": cacheControl };
  if (req.header("if-none-match") === file.etag)
    return new Response(null, { status: 304, headers });
  const { bytes, encoding } = formFor(req.header("accept-encoding") ?? "", file);
  const encoded = encoding === undefined ? {} : { "content-encoding": encoding };
  return new Response(new Uint8Array(bytes), {
    headers: {
      ...headers,
      ...encoded,
      "content-type": file.type,
      "content-length": String(bytes.length),
    },
  });
}

/** The smallest form that the browser understands. */
function formFor(
  accepted: string,
  { br, gzip, plain }: ConsoleFile,
): { readonly bytes: Buffer; readonly encoding: string | undefined } {
  const names = accepted.split(",").map((name) => name.trim().split(";")[0]);
  if (br !== undefined && names.includes("br")) return { bytes: br, encoding: "br" };
  if (gzip !== undefined && names.includes("gzip")) return { bytes: gzip, encoding: "gzip" };
  return { bytes: plain, encoding: undefined };
}
