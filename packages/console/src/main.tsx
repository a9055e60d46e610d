import { render } from "preact";
import "./styles/base.css";
import "./styles/frame.css";
import "./styles/parts.css";
import "./styles/forms.css";
import "./styles/tables.css";
import "./styles/charts.css";
import "./styles/pages.css";
import { App } from "./app/app.tsx";
import { applyPreferences } from "./app/preferences.ts";
import { loadSession } from "./app/session.ts";

applyPreferences();
void loadSession();

const root = document.getElementById("app");
if (root !== null) {
  render(<App />, root);
}
