import { startBroker } from "leveret";
import { type Case, type CaseContext, requireThat } from "./case.ts";
import { consolePages } from "./console-pages.ts";
import { ConsoleSession } from "./console-session.ts";

const REQUESTS_BEFORE_LOGIN_MAX = 6;
const BYTES_BEFORE_LOGIN_MAX = 60_000;
const BYTES_IN_ALL_MAX = 120_000;
const IDLE_MS = 10_000;
const IDLE_BYTES_MAX = 10_000;
const QUEUES = 10_000;
const PAGE_CHANGES = 7;
const FEW_QUEUES = 12;
const ROUNDS = 3;
/** A page that has not come by then does not come at all. */
const PAGE_MAX_MS = 10_000;
/** Pages between which people go: heading, and what stands there when the data have come. */
const PAGES: readonly { readonly address: string; readonly heading: string; shows: string }[] = [
  { address: "#/queues", heading: "Queues", shows: "queue-00011" },
  { address: "#/queues/%2F/queue-00005", heading: "Queue queue-00005", shows: "Consumers" },
  { address: "#/exchanges", heading: "Exchanges", shows: "amq.topic" },
  { address: "#/connections", heading: "Connections", shows: "" },
  { address: "#/channels", heading: "Channels", shows: "" },
  { address: "#/consumers", heading: "Consumers", shows: "" },
  { address: "#/cluster", heading: "Cluster", shows: "If this node stopped now" },
  { address: "#/users", heading: "Users", shows: "guest" },
  { address: "#/vhosts", heading: "Virtual hosts", shows: "0 B/s" },
  { address: "#/policies", heading: "Policies", shows: "Operator policies" },
  { address: "#/", heading: "Overview", shows: "Queued messages" },
];

/** What is loaded, in bytes as they come over the network, and how quickly pages change. */
export const SIZE_CASES: readonly Case[] = [
  { name: "the first load is small, and so are all pages together", run: measureLoad },
  { name: "an idle overview costs little", run: measureIdle },
  { name: "from page to page with 12 queues", run: measureFewQueues },
  { name: "pages of a list of 10,000 queues", run: measureManyQueues },
];

/** Counts what comes over the network in a window. */
async function counted(session: ConsoleSession): Promise<{ readonly take: () => number }> {
  const devtools = await session.page.context().newCDPSession(session.page);
  await devtools.send("Network.enable");
  let bytes = 0;
  devtools.on("Network.dataReceived", ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  return {
    take: () => {
      const taken = bytes;
      bytes = 0;
      return taken;
    },
  };
}

async function measureLoad({ browser, address, nodeName, tell }: CaseContext): Promise<void> {
  const session = await ConsoleSession.open(browser, { base: "about:blank" });
  const loads: { readonly url: string; readonly size: number }[] = [];
  const pending: Promise<void>[] = [];
  session.page.on("requestfinished", (request) => {
    const url = request.url();
    pending.push(
      request
        .sizes()
        .then(({ responseBodySize }) => void loads.push({ url, size: responseBodySize })),
    );
  });
  await session.page.goto(address.http);
  await session.page.getByLabel("User name").waitFor();
  await session.page.waitForLoadState("networkidle");
  await Promise.all(pending);
  const total = (wanted: typeof loads): number => wanted.reduce((sum, { size }) => sum + size, 0);
  const before = loads.length;
  const bytesBefore = total(loads);
  tell(`before the login: ${before} requests, ${bytesBefore} bytes`);
  await session.logIn();
  for (const page of consolePages(nodeName))
    await session.page.goto(`${address.http}${page.address}`).then(() => session.settled());
  await session.page.waitForLoadState("load");
  await Promise.all(pending);
  const files = loads.filter(({ url }) => !url.includes("/api/"));
  const withoutGraph = files.filter(({ url }) => !url.includes("graph-layout"));
  const distinct = [...new Map(withoutGraph.map((load) => [load.url, load])).values()];
  tell(
    `all pages: ${distinct.length} files, ${total(distinct)} bytes; the graph ${total(files) - total(withoutGraph)} bytes more`,
  );
  requireThat(before <= REQUESTS_BEFORE_LOGIN_MAX, `${before} requests before the login`);
  requireThat(bytesBefore <= BYTES_BEFORE_LOGIN_MAX, `${bytesBefore} bytes before the login`);
  requireThat(total(distinct) <= BYTES_IN_ALL_MAX, `${total(distinct)} bytes in all`);
  await session.close();
}

async function measureIdle({ browser, tell }: CaseContext): Promise<void> {
  await using broker = await startBroker({ managementPort: 0 });
  const session = await ConsoleSession.open(browser, {
    base: `http://localhost:${broker.managementPort}/`,
  });
  await session.logIn();
  await session.go("#/");
  await session.page.locator(".health").waitFor();
  const network = await counted(session);
  await session.page.waitForTimeout(1000);
  network.take();
  await session.page.waitForTimeout(IDLE_MS);
  const bytes = network.take() * (30_000 / IDLE_MS);
  tell(`an idle overview: ${bytes} bytes each 30 s`);
  requireThat(bytes <= IDLE_BYTES_MAX, `${bytes} bytes each 30 s`);
  await session.close();
}

/** A broker with so many queues. */
function startWithQueues(count: number): ReturnType<typeof startBroker> {
  const queues = Array.from({ length: count }, (_, at) => ({
    name: `queue-${String(at).padStart(5, "0")}`,
    vhost: "/",
    durable: true,
    auto_delete: false,
    arguments: {},
  }));
  const definitions = { vhosts: [{ name: "/" }], queues };
  return startBroker({ managementPort: 0, definitions });
}

async function measureFewQueues({ browser, tell }: CaseContext): Promise<void> {
  await using broker = await startWithQueues(FEW_QUEUES);
  const session = await ConsoleSession.open(browser, {
    base: `http://localhost:${broker.managementPort}/`,
  });
  await session.logIn();
  await session.go("#/");
  // The code of all pages is there, the last one's too.
  await session.page.waitForFunction(() =>
    performance.getEntriesByType("resource").some(({ name }) => name.includes("learn-page")),
  );
  const first: number[] = [];
  const again: number[] = [];
  for (const page of PAGES) first.push(await timeUntilPage(session, page));
  for (let round = 0; round < ROUNDS; round += 1)
    for (const page of PAGES) again.push(await timeUntilPage(session, page));
  tell(
    `from page to page, ${FEW_QUEUES} queues: ${timesText(again)}; first visits ${timesText(first)}`,
  );
  await session.close();
}

function timesText(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b).map(Math.round);
  return `median ${sorted[Math.floor(sorted.length / 2)]} ms, longest ${sorted.at(-1)} ms`;
}

/** From the change of the address until the page is there with its data, as the page itself sees it. */
function timeUntilPage({ page }: ConsoleSession, wanted: (typeof PAGES)[number]): Promise<number> {
  return page.evaluate(
    ({ address, heading, shows, patienceMs }) =>
      new Promise<number>((resolve, reject) => {
        const startedAt = performance.now();
        setTimeout(
          () => reject(new Error(`${address}: ${document.querySelector("main")?.textContent}`)),
          patienceMs,
        );
        const observer = new MutationObserver(() => {
          const text = document.querySelector("main")?.textContent ?? "";
          const isThere = document.querySelector("h1")?.textContent.startsWith(heading) === true;
          if (!isThere || text.includes("Loading…") || !text.includes(shows)) return;
          observer.disconnect();
          resolve(performance.now() - startedAt);
        });
        observer.observe(document.body, { subtree: true, childList: true, characterData: true });
        location.hash = address;
      }),
    { ...wanted, patienceMs: PAGE_MAX_MS },
  );
}

async function measureManyQueues({ browser, tell }: CaseContext): Promise<void> {
  await using broker = await startWithQueues(QUEUES);
  const session = await ConsoleSession.open(browser, {
    base: `http://localhost:${broker.managementPort}/`,
  });
  const { page } = session;
  await session.logIn();
  await session.go("#/queues");
  await page.getByText("queue-00000").waitFor();
  const times: number[] = [];
  for (let change = 1; change <= PAGE_CHANGES; change += 1) {
    const first = `queue-${String(change * 50).padStart(5, "0")}`;
    times.push(await timeUntilShown(session, first));
  }
  tell(`a page of ${QUEUES} queues: ${timesText(times)}`);
  await session.close();
}

/** From the click on "Next" until the row is in the page, as the page itself sees it. */
function timeUntilShown({ page }: ConsoleSession, text: string): Promise<number> {
  return page.evaluate(
    (wanted) =>
      new Promise<number>((resolve) => {
        const startedAt = performance.now();
        const observer = new MutationObserver(() => {
          if (document.querySelector("tbody tr a")?.textContent === wanted) {
            observer.disconnect();
            resolve(performance.now() - startedAt);
          }
        });
        observer.observe(document.body, { subtree: true, childList: true, characterData: true });
        [...document.querySelectorAll("button")]
          .find((button) => button.textContent === "Next")
          ?.click();
      }),
    text,
  );
}
