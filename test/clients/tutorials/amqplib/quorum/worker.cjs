// Tutorial 2: works on one task at a time and acks it when it is done.
// oxlint-disable typescript/no-floating-promises -- the originals do not wait for these calls either
// biome-ignore-all lint/suspicious/noConsole: a tutorial program prints for a person
// biome-ignore-all lint/style/noProcessEnv: a tutorial program reads the broker's address itself
const amqp = require("amqplib");

const { AMQP_URL: url = "amqp://localhost" } = process.env;

async function main() {
  const connection = await amqp.connect(url);
  const channel = await connection.createChannel();
  await channel.assertQueue("task_queue", {
    durable: true,
    arguments: { "x-queue-type": "quorum" },
  });
  channel.prefetch(1);
  await channel.consume(
    "task_queue",
    (message) => {
      const text = message.content.toString();
      console.log(`received ${text}`);
      // A twentieth of a second of work for each dot.
      setTimeout(
        () => {
          console.log(`done ${text}`);
          channel.ack(message);
        },
        (text.split(".").length - 1) * 50,
      );
    },
    { noAck: false },
  );
  console.log("waiting");
}

main();
