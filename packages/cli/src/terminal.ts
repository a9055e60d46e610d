const ESCAPE = "\u001b";

/** Bold, as RabbitMQ writes its headings whether a terminal reads them or not. */
export function bold(text: string): string {
  return `${ESCAPE}[1m${text}${ESCAPE}[0m`;
}

/** Letters as the line-drawing characters of a VT100, as in RabbitMQ's pretty tables. */
export function drawn(letters: string): string {
  return `${ESCAPE}(0${letters}${ESCAPE}(B`;
}
