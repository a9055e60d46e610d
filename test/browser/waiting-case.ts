import { startCluster } from "leveret";
import type { Case } from "./case.ts";
import { ConsoleSession } from "./console-session.ts";

/** The console of a node that cannot go on without another one. */
export const WAITING_CASE: Case = {
  name: "a node that waits for another one says so, and lets in when it runs",
  run: async ({ browser }) => {
    await using cluster = await startCluster(2, { management: true });
    const [first, last] = [cluster.node(0), cluster.node(1)];
    const base = `http://localhost:${first.managementPort}/`;
    await first.stop();
    await last.stop();
    const started = first.start();
    const session = await openWhenListening(() => ConsoleSession.open(browser, { base }));
    const notice = session.page.getByRole("status").filter({ hasText: "leveretctl force_boot" });
    await notice.getByText(last.name).waitFor({ timeout: 30_000 });
    await last.start();
    await started;
    await notice.waitFor({ state: "detached" });
    await session.logIn();
    await session.close();
  },
};

const ATTEMPTS = 50;

/** The port opens a moment after the start has begun. */
async function openWhenListening<T>(open: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await open();
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
