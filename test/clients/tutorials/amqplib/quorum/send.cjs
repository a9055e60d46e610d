// Tutorial 1: sends one message to the queue hello.
// oxlint-disable typescript/no-floating-promises -- the originals do not wait for these calls either
// biome-ignore-all lint/suspicious/noConsole: a tutorial program prints for a person
// biome-ignore-all lint/style/noProcessEnv: a tutorial program reads the broker's address itself
const amqp = require("amqplib");

const { AMQP_URL: url = "amqp://localhost" } = process.env;

async function main() {
  const connection = await amqp.connect(url);
  const channel = await connection.createChannel();
  await channel.assertQueue("hello", { durable: true, arguments: { "x-queue-type": "quorum" } });
  channel.sendToQueue("hello", Buffer.from("Hello World!"));
  console.log("sent Hello World!");
  // As in the originals: closing flushes what was sent only if the socket had time to take it.
  setTimeout(() => {
    connection.close();
    process.exit(0);
  }, 500);
}

main();
