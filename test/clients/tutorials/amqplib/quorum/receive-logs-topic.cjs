// Tutorial 5: prints the log lines whose routing key matches one of those given.
// oxlint-disable typescript/no-floating-promises -- the originals do not wait for these calls either
// biome-ignore-all lint/suspicious/noConsole: a tutorial program prints for a person
// biome-ignore-all lint/style/noProcessEnv: a tutorial program reads the broker's address itself
const amqp = require("amqplib");

const { AMQP_URL: url = "amqp://localhost" } = process.env;

async function main() {
  const connection = await amqp.connect(url);
  const channel = await connection.createChannel();
  const keys = process.argv.slice(2);
  await channel.assertExchange("topic_logs", "topic", { durable: false });
  const { queue } = await channel.assertQueue("", { exclusive: true });
  for (const key of keys) await channel.bindQueue(queue, "topic_logs", key);
  await channel.consume(
    queue,
    (message) => console.log(`received ${message.fields.routingKey}:${message.content}`),
    {
      noAck: true,
    },
  );
  console.log("waiting");
}

main();
