import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { ConsoleSession } from "./console-session.ts";

/**
 * A window with the console's overview, open until SIGTERM, for whoever measures what it costs a broker: prints `shown` when it is there, and at
 * its end what came over the network.
 *
 *     open-console.ts --address http://localhost:15672/ [--browser PATH]
 */
const { values } = parseArgs({
  options: {
    address: { type: "string", default: "http://localhost:15672/" },
    browser: { type: "string", default: "/usr/bin/chromium" },
  },
});

const browser = await chromium.launch({
  executablePath: values.browser,
  // Containers run as root, where Chromium's own sandbox cannot.
  args: ["--no-sandbox"],
  handleSIGTERM: false,
});
const session = await ConsoleSession.open(browser, { base: values.address });
await session.logIn();
const received = { bytes: 0, events: 0 };
/** Requests whose answer is a stream of events. */
const streams = new Set<string>();
const devtools = await session.page.context().newCDPSession(session.page);
await devtools.send("Network.enable");
devtools.on("Network.responseReceived", ({ requestId, response }) => {
  if (response.mimeType === "text/event-stream") streams.add(requestId);
});
devtools.on("Network.dataReceived", ({ requestId, encodedDataLength, dataLength }) => {
  received.bytes += encodedDataLength === 0 ? dataLength : encodedDataLength;
  if (streams.has(requestId)) received.events += 1;
});
// The stream of events is one of this page, whose network is watched.
await session.page.reload();
await session.settled();
await session.page.locator(".health").waitFor();
Object.assign(received, { bytes: 0, events: 0 });
process.stdout.write("shown\n");
process.once("SIGTERM", () => void close());

async function close(): Promise<void> {
  const problems = session.takeProblems();
  process.stdout.write(`${JSON.stringify({ ...received, problems })}\n`);
  await browser.close();
  process.exit(problems.length === 0 ? 0 : 1);
}
