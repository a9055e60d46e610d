import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WAIT_MS = 10_000;

/** How a window is opened. */
export interface SessionOptions {
  readonly base: string;
  readonly scheme?: "light" | "dark";
  readonly isPhone?: boolean;
  readonly locale?: string;
}

/** A window with the console, which notes all that goes wrong in it. */
export class ConsoleSession {
  readonly page: Page;
  readonly #base: string;
  readonly #problems: string[] = [];
  /** Answers with these statuses are wanted just now. */
  #expected: ReadonlySet<number> = new Set();

  private constructor(page: Page, base: string) {
    this.page = page;
    this.#base = base;
    page.setDefaultTimeout(WAIT_MS);
    page.on("console", (message) => {
      const isStatus = message.text().startsWith("Failed to load resource");
      if (message.type() === "error" && !(isStatus && this.#expected.size > 0))
        this.#note(`console: ${message.text()}`);
    });
    page.on("pageerror", (error) => this.#note(`error: ${error.message}`));
    page.on("response", (response) => {
      const status = response.status();
      if (status >= 400 && !this.#expected.has(status))
        this.#note(`${status} ${response.request().method()} ${response.url()}`);
    });
    page.on("requestfailed", (request) => {
      const reason = request.failure()?.errorText ?? "";
      // A page that is left aborts what it still waits for.
      if (reason !== "net::ERR_ABORTED") this.#note(`${reason} ${request.url()}`);
    });
  }

  static async open(browser: Browser, options: SessionOptions): Promise<ConsoleSession> {
    const context = await browser.newContext(contextOptions(options));
    const session = new ConsoleSession(await context.newPage(), options.base);
    await session.page.goto(options.base);
    return session;
  }

  #note(problem: string): void {
    this.#problems.push(`${problem} (at ${new URL(this.page.url()).hash})`);
  }

  /** Logs in as guest, or as somebody else. */
  async logIn(username = "guest", password = "guest"): Promise<void> {
    await this.page.getByLabel("User name").fill(username);
    await this.page.getByLabel("Password", { exact: true }).fill(password);
    await this.page.getByRole("button", { name: "Log in" }).click();
    await this.page.locator("header.header").waitFor();
  }

  /** Goes to an address after `#` and waits until its data are there. */
  async go(address: string): Promise<void> {
    await this.page.goto(`${this.#base}${address}`);
    await this.settled();
  }

  async settled(): Promise<void> {
    try {
      await this.page.locator("h1").first().waitFor();
    } catch (error) {
      throw new Error(`${await this.#whatIsSeen()} | ${String(error)}`, { cause: error });
    }
    await this.page.waitForFunction(
      () => !/Loading…|正在加载/.test(document.querySelector("main")?.textContent ?? ""),
    );
  }

  /** For whoever looks into a page that does not come. */
  async #whatIsSeen(): Promise<string> {
    const seen = await this.page.evaluate(() => document.body.innerHTML.slice(0, 2000));
    return `no heading at ${this.page.url()}; problems: ${this.#problems.join("; ")}; page: ${seen}`;
  }

  /** While `action` runs, answers with `status` are no problem. */
  async expecting(status: number, action: () => Promise<void>): Promise<void> {
    this.#expected = new Set([status]);
    await action();
    this.#expected = new Set();
  }

  /** Waits for a message of success that holds `text`, and takes it away. */
  async toast(text: string): Promise<void> {
    const toast = this.page.locator(".toast-done", { hasText: text }).last();
    await toast.waitFor();
    await toast.getByRole("button").click();
  }

  /** Serious faults of accessibility, as axe-core finds them. */
  async accessibilityFaults(): Promise<readonly string[]> {
    await this.page.evaluate(AXE);
    return this.page.evaluate(async () => {
      const { axe } = globalThis as unknown as { axe: typeof import("axe-core") };
      const { violations } = await axe.run(document, { resultTypes: ["violations"] });
      return violations
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .map(
          ({ id, nodes }) =>
            `${id}: ${nodes
              .map(({ html }) => html.slice(0, 160))
              .slice(0, 3)
              .join(" | ")}`,
        );
    });
  }

  /** Pixels by which the page is wider than the window. (A phone's browser makes the window wider to fit the page.) */
  async overflow(): Promise<number> {
    const width = this.page.viewportSize()?.width ?? 0;
    return (await this.page.evaluate(() => document.documentElement.scrollWidth)) - width;
  }

  /** What has gone wrong since the last call. */
  takeProblems(): readonly string[] {
    return this.#problems.splice(0);
  }

  close(): Promise<void> {
    return this.page.context().close();
  }
}

function contextOptions({
  scheme = "light",
  isPhone = false,
  locale = "en-US",
}: SessionOptions): BrowserContextOptions {
  const viewport = isPhone ? { width: 390, height: 844 } : { width: 1280, height: 800 };
  return {
    viewport,
    colorScheme: scheme,
    isMobile: isPhone,
    hasTouch: isPhone,
    locale,
    reducedMotion: "reduce",
  };
}
