import { reportReady } from "../src/detached-start.ts";

// The process that detached-start.test.ts starts: ends by itself, so that nothing is left behind.
process.stdout.write("child says hello\n");
if (process.argv[2] === "fail") process.exitCode = 70;
else reportReady();
