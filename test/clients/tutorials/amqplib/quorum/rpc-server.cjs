// Tutorial 6: answers each number with its Fibonacci number.
// oxlint-disable typescript/no-floating-promises -- the originals do not wait for these calls either
// biome-ignore-all lint/suspicious/noConsole: a tutorial program prints for a person
// biome-ignore-all lint/style/noProcessEnv: a tutorial program reads the broker's address itself
const amqp = require("amqplib");

function fibonacci(n) {
  let [current, following] = [0, 1];
  for (let index = 0; index < n; index++) {
    [current, following] = [following, current + following];
  }
  return current;
}

const { AMQP_URL: url = "amqp://localhost" } = process.env;

async function main() {
  const connection = await amqp.connect(url);
  const channel = await connection.createChannel();
  await channel.assertQueue("rpc_queue", {
    durable: true,
    arguments: { "x-queue-type": "quorum" },
  });
  channel.prefetch(1);
  await channel.consume("rpc_queue", (message) => {
    const number = Number.parseInt(message.content.toString(), 10);
    console.log(`asked ${number}`);
    channel.sendToQueue(message.properties.replyTo, Buffer.from(String(fibonacci(number))), {
      correlationId: message.properties.correlationId,
    });
    channel.ack(message);
  });
  console.log("waiting");
}

main();
