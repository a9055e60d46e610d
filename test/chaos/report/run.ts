import { writeFile } from "node:fs/promises";
import { readResults } from "./results-file.ts";
import { resultsPage } from "./results-page.ts";

// npm run chaos:report -- RESULTS... PAGE: the table of results that runs of chaos tests have added to files.

const files = process.argv.slice(2);
const page = files.pop();
if (page === undefined || files.length === 0) throw new Error("usage: RESULTS... PAGE");
const results = await Promise.all(files.map(readResults));
await writeFile(page, resultsPage(results.flat()));
