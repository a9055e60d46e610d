package leveret.clients;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Runs the scenarios named as arguments, or all, with RabbitMQ's Java client against AMQP_URL. */
public final class Suite {
  private static final long SCENARIO_MAX_S = 60;

  private Suite() {}

  private static Map<String, Scenario> scenarios() {
    Map<String, Scenario> all = new LinkedHashMap<>();
    DeclareScenarios.addTo(all);
    PublishScenarios.addTo(all);
    ConsumeScenarios.addTo(all);
    LifetimeScenarios.addTo(all);
    ConnectionScenarios.addTo(all);
    return all;
  }

  public static void main(String[] arguments) {
    String url = System.getenv().getOrDefault("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/");
    List<String> wanted = List.of(arguments);
    int exitCode = 0;
    for (Map.Entry<String, Scenario> each : scenarios().entrySet()) {
      if (wanted.isEmpty() || wanted.contains(each.getKey())) {
        exitCode |= report(each.getKey(), each.getValue(), url) ? 0 : 1;
      }
    }
    // A leaked connection must not keep the suite alive.
    System.exit(exitCode);
  }

  private static boolean report(String name, Scenario scenario, String url) {
    String reason = run(name, scenario, url);
    if (reason == null) {
      System.out.println("ok java " + name);
      return true;
    }
    System.out.println("not ok java " + name + " - " + reason.replace("\n", " | "));
    return false;
  }

  /** Returns the reason for which the scenario failed, or null. */
  private static String run(String name, Scenario scenario, String url) {
    ExecutorService executor = Executors.newSingleThreadExecutor();
    Future<?> running =
        executor.submit(
            () -> {
              try (Context context = new Context(url, name)) {
                scenario.run(context);
              }
              return null;
            });
    try {
      running.get(SCENARIO_MAX_S, TimeUnit.SECONDS);
      return null;
    } catch (TimeoutException error) {
      return "not done after " + SCENARIO_MAX_S + " s";
    } catch (ExecutionException | InterruptedException error) {
      return causes(error);
    } finally {
      executor.shutdownNow();
    }
  }

  private static String causes(Throwable error) {
    StringBuilder all = new StringBuilder();
    for (Throwable cause = error.getCause(); cause != null; cause = cause.getCause()) {
      all.append(all.isEmpty() ? "" : ": ").append(cause);
    }
    return all.isEmpty() ? error.toString() : all.toString();
  }
}
