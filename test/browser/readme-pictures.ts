import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Case } from "./case.ts";
import { ConsoleSession, type SessionOptions } from "./console-session.ts";

interface Picture extends Omit<SessionOptions, "base"> {
  readonly name: string;
  readonly address: string;
  readonly prepare?: (session: ConsoleSession) => Promise<void>;
}

const PICTURES: readonly Picture[] = [
  { name: "overview", address: "#/" },
  { name: "queues-dark", address: "#/queues", scheme: "dark" },
  { name: "topology", address: "#/topology?vhost=shop", prepare: askForRoute },
  { name: "messages", address: "#/queues/shop/orders.dead?tab=messages", prepare: lookAtMessages },
];

/** Long enough for a line in each chart. */
const TRAFFIC_MS = 15_000;
const QUALITY = 72;

/** Makes the pictures of README, as JPEG files in `directory`. */
export function readmeCase(directory: string): Case {
  return {
    name: "pictures for README",
    run: async ({ browser, address }) => {
      await mkdir(directory, { recursive: true });
      await new Promise((resolve) => setTimeout(resolve, TRAFFIC_MS));
      for (const { name, address: at, prepare, ...options } of PICTURES) {
        const session = await ConsoleSession.open(browser, { base: address.http, ...options });
        await session.logIn();
        await session.go(at);
        await prepare?.(session);
        // Two looks at the broker, so that there are trends.
        await session.page.waitForTimeout(6000);
        const path = join(directory, `console-${name}.jpg`);
        await session.page.screenshot({ path, type: "jpeg", quality: QUALITY });
        await session.close();
      }
    },
  };
}

async function askForRoute({ page }: ConsoleSession): Promise<void> {
  await page.getByLabel("Exchange").first().fill("orders");
  await page.getByRole("textbox", { name: "Routing key" }).fill("order.paid");
  await page.getByRole("button", { name: "Where would it go?" }).click();
  await page.getByText("The message goes to 1 queue.").scrollIntoViewIfNeeded();
}

async function lookAtMessages({ page }: ConsoleSession): Promise<void> {
  await page
    .getByRole("searchbox", { name: "Search in what was fetched" })
    .fill("$.customer.country=de header.tenant=b");
  await page.getByRole("button", { name: "Look", exact: true }).click();
  await page.locator("article.message").first().waitFor();
}
