// Tutorial 2: sends a task; each dot in it is a step of work.
// oxlint-disable typescript/no-floating-promises -- the originals do not wait for these calls either
// biome-ignore-all lint/suspicious/noConsole: a tutorial program prints for a person
// biome-ignore-all lint/style/noProcessEnv: a tutorial program reads the broker's address itself
const amqp = require("amqplib");

const { AMQP_URL: url = "amqp://localhost" } = process.env;

async function main() {
  const connection = await amqp.connect(url);
  const channel = await connection.createChannel();
  const message = process.argv.slice(2).join(" ") || "Hello World!";
  await channel.assertQueue("task_queue", {
    durable: true,
    arguments: { "x-queue-type": "quorum" },
  });
  channel.sendToQueue("task_queue", Buffer.from(message), { persistent: true });
  console.log(`sent ${message}`);
  // As in the originals: closing flushes what was sent only if the socket had time to take it.
  setTimeout(() => {
    connection.close();
    process.exit(0);
  }, 500);
}

main();
