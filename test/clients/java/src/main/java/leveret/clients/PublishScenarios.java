package leveret.clients;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.LongString;
import com.rabbitmq.client.Return;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Publisher confirms, returns, transactions and what a message carries. */
final class PublishScenarios {
  private static final long WAIT_MAX_MS = 15_000;
  private static final int LARGE_BODY_SIZE = 3 * 1024 * 1024 + 17;

  private PublishScenarios() {}

  static void addTo(Map<String, Scenario> all) {
    all.put("publish-confirm", PublishScenarios::publishConfirm);
    all.put("mandatory-return", PublishScenarios::mandatoryReturn);
    all.put("headers-round-trip", PublishScenarios::headersRoundTrip);
    all.put("transactions", PublishScenarios::transactions);
    all.put("large-message", PublishScenarios::largeMessage);
  }

  private static void publishConfirm(Context context) throws Exception {
    Channel channel = context.channel();
    String queue = Context.declare(channel, context.queueName("q"), null);
    channel.confirmSelect();
    for (int index = 0; index < 500; index++) {
      Context.publish(channel, "", queue, "message " + index);
    }
    channel.waitForConfirmsOrDie(WAIT_MAX_MS);
    Check.equal("messages", Context.drain(channel, queue).size(), 500);
  }

  private static void mandatoryReturn(Context context) throws Exception {
    Channel channel = context.channel();
    List<String> events = Collections.synchronizedList(new ArrayList<>());
    List<Return> returns = Collections.synchronizedList(new ArrayList<>());
    channel.confirmSelect();
    channel.addReturnListener(
        returned -> {
          events.add("return");
          returns.add(returned);
        });
    channel.addConfirmListener((tag, multiple) -> events.add("ack"), (tag, multiple) -> {});
    String key = context.queueName("missing");
    AMQP.BasicProperties properties = new AMQP.BasicProperties.Builder().messageId("m1").build();
    channel.basicPublish("", key, true, properties, "lost".getBytes());
    Check.until("the ack", () -> events.contains("ack"));
    Check.equal("events", List.copyOf(events), List.of("return", "ack"));
    Return returned = returns.get(0);
    Check.equal("code", returned.getReplyCode(), 312);
    Check.equal("text", returned.getReplyText(), "NO_ROUTE");
    Check.equal("address", returned.getExchange() + "/" + returned.getRoutingKey(), "/" + key);
    Check.equal("body", Context.text(returned.getBody()), "lost");
    Check.equal("message id", returned.getProperties().getMessageId(), "m1");
  }

  private static Map<String, Object> allHeaderTypes() {
    Map<String, Object> headers = new HashMap<>();
    headers.put("yes", true);
    headers.put("no", false);
    headers.put("byte", (byte) -12);
    headers.put("short", (short) -1234);
    headers.put("int", -12_345_678);
    headers.put("long", -1_234_567_890_123L);
    headers.put("float", 0.5f);
    headers.put("double", 1.25e-7);
    headers.put("decimal", new BigDecimal("3.14"));
    headers.put("timestamp", new Date(1_700_000_000_000L));
    headers.put("text", "grüße, 世界");
    headers.put("empty", "");
    headers.put("long-text", "x".repeat(20_000));
    headers.put("bytes", new byte[] {0, 1, 127, -128, -1});
    headers.put("nothing", null);
    headers.put("list", Arrays.asList(1, "two", false, null, List.of(3.5), Map.of("four", 4)));
    headers.put("table", Map.of("nested", Map.of("deeper", Map.of("value", "bottom")), "empty", Map.of()));
    return headers;
  }

  /** The client decodes strings to LongString and byte arrays to byte[]: both made comparable here. */
  private static Object comparable(Object value) {
    if (value instanceof LongString text) {
      return text.toString();
    }
    if (value instanceof byte[] bytes) {
      return "bytes " + Arrays.toString(bytes);
    }
    if (value instanceof List<?> list) {
      List<Object> all = new ArrayList<>();
      list.forEach(item -> all.add(comparable(item)));
      return all;
    }
    if (value instanceof Map<?, ?> map) {
      Map<Object, Object> all = new HashMap<>();
      map.forEach((key, item) -> all.put(key, comparable(item)));
      return all;
    }
    return value;
  }

  private static void headersRoundTrip(Context context) throws Exception {
    Channel channel = context.channel();
    String queue = Context.declare(channel, context.queueName("q"), null);
    AMQP.BasicProperties sent =
        new AMQP.BasicProperties.Builder()
            .contentType("application/json")
            .contentEncoding("gzip")
            .headers(allHeaderTypes())
            .deliveryMode(2)
            .priority(7)
            .correlationId("correlation")
            .replyTo("reply.to")
            .expiration("600000")
            .messageId("message-1")
            .timestamp(new Date(1_700_000_001_000L))
            .type("event")
            .userId(context.factory().getUsername())
            .appId("suite")
            .build();
    Context.publish(channel, "", queue, "{}", sent);
    GetResponse message = Context.get(channel, queue);
    AMQP.BasicProperties received = message.getProps();
    Check.equal("headers", comparable(received.getHeaders()), comparable(sent.getHeaders()));
    Check.equal("properties", withoutHeaders(received), withoutHeaders(sent));
    channel.basicAck(message.getEnvelope().getDeliveryTag(), false);
  }

  private static String withoutHeaders(AMQP.BasicProperties properties) {
    return properties.builder().headers(null).build().toString();
  }

  private static void transactions(Context context) throws Exception {
    Channel channel = context.channel();
    Channel observer = context.channel();
    String queue = Context.declare(channel, context.queueName("q"), null);
    channel.txSelect();
    Context.publish(channel, "", queue, "rolled back");
    channel.txRollback();
    Context.publish(channel, "", queue, "1");
    Context.publish(channel, "", queue, "2");
    Check.equal("before the commit", Context.drain(channel, queue), List.of());
    channel.txCommit();
    Context.awaitReady(observer, queue, 2);

    channel.basicAck(Context.get(channel, queue).getEnvelope().getDeliveryTag(), false);
    channel.txCommit();
    channel.close();
    Check.equal("after the commit of an ack", Context.drain(observer, queue), List.of("2"));
  }

  private static void largeMessage(Context context) throws Exception {
    Channel channel = context.channel();
    String queue = Context.declare(channel, context.queueName("q"), null);
    Inbox inbox = Inbox.consume(channel, queue, true);
    byte[] body = new byte[LARGE_BODY_SIZE];
    new Random().nextBytes(body);
    channel.basicPublish("", queue, null, body);
    Check.equal("same body", Arrays.equals(inbox.take().getBody(), body), true);
  }
}
