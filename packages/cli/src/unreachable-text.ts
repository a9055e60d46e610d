import { homedir } from "node:os";
import type { UnreachableError } from "./caller.ts";

/** RabbitMQ's text about a node that does not answer; the diagnostics speak of the cluster port, as there is no epmd. */
export function unreachableText(node: string, error: UnreachableError): string {
  const host = node.split("@")[1] ?? "localhost";
  return `Error: unable to perform an operation on node '${node}'. Please see diagnostics information and suggestions below.

Most common reasons for this are:

 * Target node is unreachable (e.g. due to hostname resolution, TCP connection or firewall issues)
 * CLI tool fails to authenticate with the server (e.g. due to CLI tool's cookie not matching that of the server)
 * Target node is not running
 * Target node has another cluster port than the one tried (name it with -n NAME@HOST:PORT)

In addition to the diagnostics info below:

 * See docs/cli.md to learn more
 * Consult server logs on node ${node}

DIAGNOSTICS
===========

attempted to contact: [${node}]

${node}:
${error.diagnostics.map((line) => `  * ${line}`).join("\n")}
  * suggestion: start the node on ${host}

Current node details:
 * node name: 'leveretctl-${process.pid}@${host}'
 * effective user's home directory: ${homedir()}
 * cookie hash: ${error.cookieHash ?? "(no cookie)"}
`;
}
