import type { JSX } from "preact";

/** The mark of the console: a leveret's head. */
export function Mark(): JSX.Element {
  return (
    <svg
      class="mark"
      viewBox="0 0 32 32"
      width="28"
      height="28"
      aria-hidden="true"
      focusable="false"
    >
      <rect width="32" height="32" rx="7" fill="var(--accent)" />
      <path
        d="M11 5c3 2 4 8 4 11h2c0-3 1-9 4-11 2 3 1 9-1 12 3 2 4 4 4 6 0 3-4 5-8 5s-8-2-8-5c0-2 1-4 4-6-2-3-3-9-1-12z"
        fill="var(--on-accent)"
      />
    </svg>
  );
}
