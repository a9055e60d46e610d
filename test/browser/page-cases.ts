import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Case, type CaseContext, requireNone, requireThat } from "./case.ts";
import { type ConsolePage, consolePages } from "./console-pages.ts";
import { ConsoleSession, type SessionOptions } from "./console-session.ts";

/** The code of the pages of connections, channels and consumers. */
const CODE = "**/client-pages-*.js";
const FRAMES_LATE_MS = 500;

type Look = "light" | "dark" | "phone";

const LOOKS: Readonly<Record<Look, Omit<SessionOptions, "base">>> = {
  light: { scheme: "light" },
  dark: { scheme: "dark" },
  phone: { isPhone: true },
};

/** Every page in each look: nothing fails, nothing is cut off, nobody is shut out. */
export const PAGE_CASES: readonly Case[] = (["light", "dark", "phone"] as const).map((look) => ({
  name: `every page, ${look}`,
  run: (context) => walkPages(context, look),
}));

async function walkPages(
  { browser, address, nodeName, pictures }: CaseContext,
  look: Look,
): Promise<void> {
  const session = await ConsoleSession.open(browser, { base: address.http, ...LOOKS[look] });
  const picture = async (name: string): Promise<void> => {
    if (pictures === undefined) return;
    await mkdir(pictures, { recursive: true });
    await session.page.screenshot({ path: join(pictures, `${look}-${name}.png`), fullPage: true });
  };
  const faults: string[] = [];
  const note = (page: string, found: readonly string[]): void => {
    faults.push(...found.map((fault) => `${page}: ${fault}`));
  };
  note("login", await session.accessibilityFaults());
  await picture("login");
  await session.logIn();
  for (const page of consolePages(nodeName)) {
    note(page.name, await visit(session, page));
    await picture(page.name);
  }
  await session.close();
  requireNone("faults", faults);
}

async function visit(
  session: ConsoleSession,
  { address, shows }: ConsolePage,
): Promise<readonly string[]> {
  await session.go(address);
  await session.page.locator("main").getByText(shows).first().waitFor({ state: "attached" });
  const overflow = await session.overflow();
  return [
    ...session.takeProblems(),
    ...(await session.accessibilityFaults()),
    ...(overflow > 0 ? [`${overflow} px wider than the window`] : []),
  ];
}

/** In Chinese nothing of the frame and the lists is left in English. */
export const LANGUAGE_CASE: Case = {
  name: "Chinese, by the language of the browser",
  run: async ({ browser, address, pictures }) => {
    const session = await ConsoleSession.open(browser, { base: address.http, locale: "zh-CN" });
    const { page } = session;
    await page.getByLabel("用户名").fill("guest");
    await page.getByLabel("密码").fill("guest");
    await page.getByRole("button", { name: "登录" }).click();
    await page.locator("header.header").waitFor();
    await session.go("#/queues");
    await page.getByRole("heading", { name: "队列" }).waitFor();
    requireThat(
      (await page.getAttribute("html", "lang")) === "zh-CN",
      "the page does not say its language",
    );
    if (pictures !== undefined)
      await page.screenshot({ path: join(pictures, "chinese-queues.png") });
    requireNone("problems", session.takeProblems());
    await session.close();
  },
};

/** Code that comes right after its page was shown without it, but before the page has begun to wait for it. */
export const LATE_CODE_CASE: Case = {
  name: "a page whose code comes just then is shown",
  run: async ({ browser, address }) => {
    const session = await ConsoleSession.open(browser, { base: address.http });
    const { page } = session;
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route(CODE, async (route) => {
      await released;
      await route.continue();
    });
    const asked = page.waitForRequest(CODE);
    await session.logIn();
    // It is fetched ahead. Frames come late, so that what happens after one waits for its time limit.
    await asked;
    await page.evaluate((late) => {
      const { requestAnimationFrame: real } = globalThis;
      globalThis.requestAnimationFrame = (callback) => {
        setTimeout(() => real(callback), late);
        return 0;
      };
      globalThis.location.hash = "#/connections";
    }, FRAMES_LATE_MS);
    release();
    await session.settled();
    requireNone("problems", session.takeProblems());
    await session.close();
  },
};
