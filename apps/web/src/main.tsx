/** Composition root of the page: makes the services, watches for sign-in links and for leaving too early, and draws. */
import "@mantine/core/styles/baseline.css";
import "@mantine/core/styles/global.css";
import "@mantine/core/styles/UnstyledButton.css";
import "@mantine/core/styles/VisuallyHidden.css";
import "@mantine/core/styles/Paper.css";
import "@mantine/core/styles/Loader.css";
import "@mantine/core/styles/Overlay.css";
import "@mantine/core/styles/LoadingOverlay.css";
import "@mantine/core/styles/ModalBase.css";
import "@mantine/core/styles/Modal.css";
import "@mantine/core/styles/Popover.css";
import "@mantine/core/styles/Tooltip.css";
import "@mantine/core/styles/CloseButton.css";
import "@mantine/core/styles/Group.css";
import "@mantine/core/styles/Stack.css";
import "@mantine/core/styles/Button.css";
import "@mantine/core/styles/ActionIcon.css";
import "@mantine/core/styles/Input.css";
import "@mantine/core/styles/Badge.css";
import "@mantine/core/styles/Alert.css";
import "@mantine/core/styles/Text.css";
import "@mantine/core/styles/Title.css";
import "@mantine/core/styles/Anchor.css";
import "@mantine/core/styles/Progress.css";
import "@mantine/core/styles/Skeleton.css";
import "virtual:theme.css";
import "./shell/page.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { preloadPages } from "./routes.tsx";
import { createServices } from "./shell/services.ts";
import { whenIdle } from "./shell/when-idle.ts";

const services = createServices(new URL(import.meta.url).pathname);
window.addEventListener("hashchange", () => services.session.readLink());
window.addEventListener("beforeunload", (event) => {
  const { phase } = services.recorder.snapshot();
  if (phase === "recording" || phase === "stopping" || services.imports.isCopying()) event.preventDefault();
});

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
// Nothing is drawn before the language is there, so that no other one flashes.
await services.language.start();
createRoot(root).render(
  <StrictMode>
    <App services={services} />
  </StrictMode>,
);
whenIdle(preloadPages);
// Where it cannot be installed the page works as before, as long as there is a network.
whenIdle(() => void services.updates.start().catch(() => {}));
