import { setTimeout as delay } from "node:timers/promises";
import { type Scenario, ScenarioContext } from "./scenario.ts";
import { connectionScenarios } from "./scenarios/connection.ts";
import { consumeScenarios } from "./scenarios/consume.ts";
import { declareScenarios } from "./scenarios/declare.ts";
import { lifetimeScenarios } from "./scenarios/lifetime.ts";
import { publishScenarios } from "./scenarios/publish.ts";

const SCENARIO_MAX_MS = 60_000;
const SCENARIOS: readonly Scenario[] = [
  ...declareScenarios,
  ...publishScenarios,
  ...consumeScenarios,
  ...lifetimeScenarios,
  ...connectionScenarios,
];

async function runScenario(scenario: Scenario, url: string): Promise<void> {
  const context = new ScenarioContext(url, scenario.name);
  const timeout = delay(SCENARIO_MAX_MS, undefined, { ref: false }).then(() => {
    throw new Error(`not done after ${SCENARIO_MAX_MS} ms`);
  });
  try {
    await Promise.race([scenario.run(context), timeout]);
  } finally {
    await Promise.race([context.end(), timeout]);
  }
}

async function report(scenario: Scenario, url: string): Promise<boolean> {
  try {
    await runScenario(scenario, url);
    process.stdout.write(`ok node ${scenario.name}\n`);
    return true;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stdout.write(`not ok node ${scenario.name} - ${reason.replaceAll("\n", " | ")}\n`);
    return false;
  }
}

async function main(): Promise<number> {
  // biome-ignore lint/style/noProcessEnv: the suites of all languages take the broker's address from the environment
  const { AMQP_URL: url = "amqp://guest:guest@127.0.0.1:5672/" } = process.env;
  const wanted = process.argv.slice(2);
  const scenarios = SCENARIOS.filter((each) => wanted.length === 0 || wanted.includes(each.name));
  let failed = wanted.length > scenarios.length;
  for (const scenario of scenarios) {
    if (!(await report(scenario, url))) failed = true;
  }
  return failed ? 1 : 0;
}

// A leaked connection must not keep the suite alive.
process.exit(await main());
