// Tutorial 6: asks for fib(30) and waits for the answer.
// oxlint-disable typescript/no-floating-promises -- the originals do not wait for these calls either
// biome-ignore-all lint/suspicious/noConsole: a tutorial program prints for a person
// biome-ignore-all lint/style/noProcessEnv: a tutorial program reads the broker's address itself
const amqp = require("amqplib");
const { randomUUID } = require("node:crypto");

const { AMQP_URL: url = "amqp://localhost" } = process.env;

async function main() {
  const connection = await amqp.connect(url);
  const channel = await connection.createChannel();
  const correlationId = randomUUID();
  console.log("asking for fib(30)");
  const answer = await new Promise((resolve) => {
    // Not awaited, as in the original: consume and publish go out one after the other.
    channel.consume(
      "amq.rabbitmq.reply-to",
      (message) => {
        if (message.properties.correlationId === correlationId) resolve(message.content.toString());
      },
      { noAck: true },
    );
    channel.sendToQueue("rpc_queue", Buffer.from("30"), {
      correlationId,
      replyTo: "amq.rabbitmq.reply-to",
    });
  });
  console.log(`got ${answer}`);
  await connection.close();
}

main();
