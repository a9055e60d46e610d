// Plain JavaScript, so that no loader stands between the measurement and the built package.
import { performance } from "node:perf_hooks";
import { connect } from "amqplib";

const beforeImport = performance.now();
const { startBroker } = await import("../packages/node/dist/index.js");
const beforeStart = performance.now();
const broker = await startBroker();
const connection = await connect(broker.url);
const channel = await connection.createConfirmChannel();
const { queue } = await channel.assertQueue("", { exclusive: true });
channel.sendToQueue(queue, Buffer.from("first"));
await channel.waitForConfirms();
const end = performance.now();

await connection.close();
await broker.stop();
const times = { importMs: beforeStart - beforeImport, startToPublishMs: end - beforeStart };
process.stdout.write(`${JSON.stringify(times)}\n`);
