package leveret.clients;

/** One thing a client relies on; throws when it does not hold. */
@FunctionalInterface
interface Scenario {
  void run(Context context) throws Exception;
}
