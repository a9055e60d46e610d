import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import type { Environment } from "./environment.ts";
import type { CorsOptions } from "./options.ts";

/** CORS (`management.cors.*`): pages of other origins may use the API if they are on the list; for those that are not, nothing is said. */
export function allowOtherOrigins({
  allowOrigins,
  maxAgeSeconds,
}: CorsOptions): MiddlewareHandler<Environment> {
  const isAllowed = (origin: string): boolean =>
    allowOrigins.includes("*") || allowOrigins.includes(origin);
  const allow = cors({
    origin: (origin) => (isAllowed(origin) ? origin : null),
    allowMethods: ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"],
    credentials: true,
    maxAge: maxAgeSeconds,
  });
  return async (context, next) => {
    const origin = context.req.header("origin");
    if (origin === undefined || !isAllowed(origin)) return next();
    return allow(context, next);
  };
}
