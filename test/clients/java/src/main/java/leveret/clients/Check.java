package leveret.clients;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.ShutdownSignalException;
import java.util.Objects;
import java.util.concurrent.Callable;

/** Assertions of the scenarios. */
final class Check {
  private static final long WAIT_MAX_MS = 15_000;
  private static final long POLL_MS = 10;

  private Check() {}

  /** A call that the broker is expected to refuse. */
  @FunctionalInterface
  interface Call {
    void run() throws Exception;
  }

  static void equal(String what, Object actual, Object expected) {
    if (!Objects.equals(actual, expected)) {
      throw new AssertionError(what + ": expected " + expected + ", got " + actual);
    }
  }

  static void contains(String whole, String part) {
    if (!whole.contains(part)) {
      throw new AssertionError("expected '" + part + "' in '" + whole + "'");
    }
  }

  /** Polls until the condition holds, at most 15 s. */
  static void until(String what, Callable<Boolean> isTrue) throws Exception {
    long deadline = System.nanoTime() + WAIT_MAX_MS * 1_000_000;
    while (!isTrue.call()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("timed out waiting for " + what);
      }
      Thread.sleep(POLL_MS);
    }
  }

  /** Runs `call` and returns the reply with which the broker closed the channel or the connection. */
  static Reply refused(Call call) throws Exception {
    try {
      call.run();
    } catch (Exception error) {
      for (Throwable cause = error; cause != null; cause = cause.getCause()) {
        if (cause instanceof ShutdownSignalException shutdown) {
          return reply(shutdown);
        }
      }
      throw error;
    }
    throw new AssertionError("the broker accepted what it should refuse");
  }

  static Reply reply(ShutdownSignalException shutdown) {
    Object reason = shutdown.getReason();
    if (reason instanceof AMQP.Channel.Close close) {
      return new Reply(close.getReplyCode(), close.getReplyText());
    }
    if (reason instanceof AMQP.Connection.Close close) {
      return new Reply(close.getReplyCode(), close.getReplyText());
    }
    throw new AssertionError("closed without a reason of the broker", shutdown);
  }

  /** Code and text of a close method. */
  record Reply(int code, String text) {}
}
