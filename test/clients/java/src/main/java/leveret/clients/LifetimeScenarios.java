package leveret.clients;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.GetResponse;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** How long messages live, where they go afterwards, and in which order they leave. */
final class LifetimeScenarios {
  private static final long WAIT_MAX_MS = 15_000;

  private LifetimeScenarios() {}

  static void addTo(Map<String, Scenario> all) {
    all.put("message-ttl", LifetimeScenarios::messageTtl);
    all.put("dead-letter", LifetimeScenarios::deadLetter);
    all.put("max-length", LifetimeScenarios::maxLength);
    all.put("priority", LifetimeScenarios::priority);
  }

  private static AMQP.BasicProperties expiring(String expiration) {
    return new AMQP.BasicProperties.Builder().expiration(expiration).build();
  }

  private static void messageTtl(Context context) throws Exception {
    Channel channel = context.channel();
    String byQueue =
        Context.declare(channel, context.queueName("by-queue"), Map.of("x-message-ttl", 50));
    Context.publish(channel, "", byQueue, "queue");
    Context.publish(channel, "", byQueue, "queue is earlier", expiring("600000"));
    String byMessage =
        Context.declare(channel, context.queueName("by-message"), Map.of("x-message-ttl", 600_000));
    Context.publish(channel, "", byMessage, "message is earlier", expiring("50"));
    Context.publish(channel, "", byMessage, "stays");
    Context.awaitReady(channel, byQueue, 0);
    Context.awaitReady(channel, byMessage, 1);
    Check.equal("left", Context.drain(channel, byMessage), List.of("stays"));
  }

  private static void deadLetter(Context context) throws Exception {
    Channel channel = context.channel();
    String exchange = context.exchangeName("dlx");
    channel.exchangeDeclare(exchange, "direct");
    String dead = Context.declare(channel, context.queueName("dead"), null);
    channel.queueBind(dead, exchange, "buried");
    String source =
        Context.declare(
            channel,
            context.queueName("source"),
            Map.of("x-dead-letter-exchange", exchange, "x-dead-letter-routing-key", "buried"));
    Context.publish(channel, "", source, "rejected");
    GetResponse message = Context.get(channel, source);
    channel.basicNack(message.getEnvelope().getDeliveryTag(), false, false);
    checkDeath(deadMessage(channel, dead, "rejected"), source, "rejected");

    Context.publish(channel, "", source, "expired", expiring("20"));
    GetResponse expired = deadMessage(channel, dead, "expired");
    Map<String, Object> death = checkDeath(expired, source, "expired");
    Check.equal("expiration", expired.getProps().getExpiration(), null);
    Check.equal("original expiration", death.get("original-expiration"), "20");
  }

  private static GetResponse deadMessage(Channel channel, String dead, String body)
      throws Exception {
    Context.awaitReady(channel, dead, 1);
    GetResponse message = Context.get(channel, dead);
    channel.basicAck(message.getEnvelope().getDeliveryTag(), false);
    Check.equal("routing key", message.getEnvelope().getRoutingKey(), "buried");
    Check.equal("body", Context.text(message.getBody()), body);
    return message;
  }

  private static Map<String, Object> checkDeath(GetResponse message, String queue, String reason) {
    Map<String, Object> headers = message.getProps().getHeaders();
    Check.equal("first queue", headers.get("x-first-death-queue").toString(), queue);
    Check.equal("first reason", headers.get("x-first-death-reason").toString(), reason);
    Check.equal("first exchange", headers.get("x-first-death-exchange").toString(), "");
    List<?> deaths = (List<?>) headers.get("x-death");
    Check.equal("deaths", deaths.size(), 1);
    Map<String, Object> death = new HashMap<>();
    ((Map<?, ?>) deaths.get(0))
        .forEach((key, value) -> death.put(key.toString(), simple(value)));
    Check.equal("queue", death.get("queue"), queue);
    Check.equal("reason", death.get("reason"), reason);
    Check.equal("count", death.get("count"), 1L);
    Check.equal("exchange", death.get("exchange"), "");
    Check.equal("routing keys", death.get("routing-keys"), "[" + queue + "]");
    Check.equal("time stamp", death.get("time") instanceof Date, true);
    return death;
  }

  private static Object simple(Object value) {
    return value instanceof Number || value instanceof Date ? value : value.toString();
  }

  private static boolean isAcked(Channel channel, String queue, String body) throws Exception {
    Context.publish(channel, "", queue, body);
    return channel.waitForConfirms(WAIT_MAX_MS);
  }

  private static void maxLength(Context context) throws Exception {
    Channel channel = context.channel();
    channel.confirmSelect();
    String dropHead =
        Context.declare(channel, context.queueName("drop-head"), Map.of("x-max-length", 2));
    for (String body : List.of("1", "2", "3", "4")) {
      Check.equal("ack", isAcked(channel, dropHead, body), true);
    }
    Check.equal("kept", Context.drain(channel, dropHead), List.of("3", "4"));

    String rejecting =
        Context.declare(
            channel,
            context.queueName("reject-publish"),
            Map.of("x-max-length", 1, "x-overflow", "reject-publish"));
    Check.equal("first publish", isAcked(channel, rejecting, "first"), true);
    Check.equal("second publish", isAcked(channel, rejecting, "second"), false);
    Check.equal("kept", Context.drain(channel, rejecting), List.of("first"));
  }

  private static AMQP.BasicProperties ranked(int priority) {
    return new AMQP.BasicProperties.Builder().priority(priority).build();
  }

  private static void priority(Context context) throws Exception {
    Channel channel = context.channel();
    String queue = Context.declare(channel, context.queueName("q"), Map.of("x-max-priority", 5));
    Context.publish(channel, "", queue, "low", ranked(1));
    Context.publish(channel, "", queue, "high-1", ranked(5));
    Context.publish(channel, "", queue, "none");
    Context.publish(channel, "", queue, "middle", ranked(3));
    Context.publish(channel, "", queue, "high-2", ranked(9));
    Check.equal(
        "order",
        Context.drain(channel, queue),
        List.of("high-1", "high-2", "middle", "low", "none"));
  }
}
