import { EMPTY_TABLE, type FieldTable, textOf } from "@leveret/amqp";

/** What the client said of itself in connection.start-ok. */
export class ClientProperties {
  readonly table: FieldTable;

  constructor(table: FieldTable = EMPTY_TABLE) {
    this.table = table;
  }

  /** RabbitMQ: user_provided_name. */
  get connectionName(): string | undefined {
    return textOf(this.table.get("connection_name"));
  }

  /** Wants basic.cancel when a queue with its consumers goes. */
  get consumerCancelNotify(): boolean {
    return this.#can("consumer_cancel_notify");
  }

  get connectionBlocked(): boolean {
    return this.#can("connection.blocked");
  }

  /** Wants connection.close instead of a dropped connection when login fails. */
  get authenticationFailureClose(): boolean {
    return this.#can("authentication_failure_close");
  }

  #can(capability: string): boolean {
    const capabilities = this.table.get("capabilities");
    if (capabilities?.type !== "table") return false;
    const value = capabilities.value.get(capability);
    return value?.type === "bool" && value.value;
  }
}
