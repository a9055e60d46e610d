package leveret.clients;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.GetResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** The broker's address for one scenario, its connections, and names that no other run uses. */
final class Context implements AutoCloseable {
  final String url;
  private final String prefix;
  private final List<Connection> connections = new ArrayList<>();
  private final List<String> queues = new ArrayList<>();
  private final List<String> exchanges = new ArrayList<>();
  private Connection main;

  Context(String url, String scenario) {
    this.url = url;
    this.prefix = "java-" + scenario + "-" + UUID.randomUUID().toString().substring(0, 8);
  }

  String queueName(String suffix) {
    String name = prefix + "-" + suffix;
    queues.add(name);
    return name;
  }

  String exchangeName(String suffix) {
    String name = prefix + "-" + suffix;
    exchanges.add(name);
    return name;
  }

  /** A factory for the broker, without automatic recovery. */
  ConnectionFactory factory() throws Exception {
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(url);
    if (factory.getVirtualHost().isEmpty()) {
      // This client alone reads the path "/" as the vhost with an empty name.
      factory.setVirtualHost("/");
    }
    factory.setAutomaticRecoveryEnabled(false);
    return factory;
  }

  /** A further connection, closed at the end of the scenario. */
  Connection connect() throws Exception {
    return connect(factory());
  }

  Connection connect(ConnectionFactory factory) throws Exception {
    Connection connection = factory.newConnection();
    connections.add(connection);
    return connection;
  }

  /** A new channel on the scenario's main connection. */
  Channel channel() throws Exception {
    if (main == null) {
      main = connect();
    }
    return main.createChannel();
  }

  /** Deletes what the scenario declared and closes its connections. */
  @Override
  public void close() throws Exception {
    for (Connection connection : connections) {
      if (connection.isOpen()) {
        connection.close();
      }
    }
    try (Connection connection = factory().newConnection()) {
      Channel channel = connection.createChannel();
      for (String queue : queues) {
        channel.queueDelete(queue);
      }
      for (String exchange : exchanges) {
        channel.exchangeDelete(exchange);
      }
    }
  }

  static String declare(Channel channel, String queue, Map<String, Object> arguments)
      throws IOException {
    return channel.queueDeclare(queue, false, false, false, arguments).getQueue();
  }

  static void publish(Channel channel, String exchange, String key, String body)
      throws IOException {
    publish(channel, exchange, key, body, null);
  }

  static void publish(
      Channel channel, String exchange, String key, String body, AMQP.BasicProperties properties)
      throws IOException {
    channel.basicPublish(exchange, key, properties, body.getBytes(StandardCharsets.UTF_8));
  }

  static String text(byte[] body) {
    return new String(body, StandardCharsets.UTF_8);
  }

  /**
   * Waits until a passive declare tells `count` ready messages. RabbitMQ answers it ahead of publishes and acks that
   * its queue has not handled yet, so one look is not enough.
   */
  static void awaitReady(Channel channel, String queue, long count) throws Exception {
    Check.until(
        count + " ready messages in " + queue,
        () -> channel.queueDeclarePassive(queue).getMessageCount() == count);
  }

  static GetResponse get(Channel channel, String queue) throws IOException {
    GetResponse response = channel.basicGet(queue, false);
    if (response == null) {
      throw new AssertionError("nothing in " + queue);
    }
    return response;
  }

  /** Takes all messages, after everything published on the same channel, and returns their bodies. */
  static List<String> drain(Channel channel, String queue) throws IOException {
    List<String> bodies = new ArrayList<>();
    GetResponse response = channel.basicGet(queue, true);
    while (response != null) {
      bodies.add(text(response.getBody()));
      response = channel.basicGet(queue, true);
    }
    return bodies;
  }
}
