/** JSON text as an answer. Its length is told, so that what is short is not compressed. */
export function jsonResponse(text: string, status = 200): Response {
  const bytes = Buffer.from(text, "utf8");
  return new Response(bytes, {
    status,
    headers: {
      "content-type": "application/json",
      "content-length": String(bytes.length),
      "cache-control": "no-cache",
    },
  });
}
