import type { JSX } from "preact";
import { lazy } from "./lazy.tsx";
import { LoginPage } from "./login-page.tsx";
import { user } from "./session.ts";

const Frame = lazy(() => import("./frame.tsx").then((module) => module.Frame));

/** The login page, or everything behind it. */
export function App(): JSX.Element | null {
  if (user.value === undefined) {
    return null;
  }
  return user.value === null ? <LoginPage /> : <Frame />;
}
