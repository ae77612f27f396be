/**
 * The addresses of the page. Only the first one is in the first load; an address that is not known says so instead of showing
 * something else.
 */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { readSearch } from "./conversations/choice.ts";
import { HomePage } from "./conversations/home-page.tsx";
import { Crashed } from "./shell/crashed.tsx";
import { Layout } from "./shell/layout.tsx";
import { NotFound } from "./shell/not-found.tsx";

const rootRoute = createRootRoute({ component: Layout, notFoundComponent: () => <NotFound /> });

const homeRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  component: HomePage,
  validateSearch: readSearch,
});

const conversationRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/conversations/$id",
  component: lazyRouteComponent(() => import("./conversations/conversation-page.tsx"), "ConversationRoute"),
});

const queueRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/queue",
  component: lazyRouteComponent(() => import("./queue/queue-page.tsx"), "QueuePage"),
});

const syncRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sync",
  component: lazyRouteComponent(() => import("./sync/sync-page.tsx"), "SyncPage"),
});

const settingsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/settings",
  component: lazyRouteComponent(() => import("./settings/settings-page.tsx"), "SettingsPage"),
});

const tokensRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/settings/tokens",
  component: lazyRouteComponent(() => import("./settings/tokens-page.tsx"), "TokensPage"),
});

const dataRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/settings/data",
  component: lazyRouteComponent(() => import("./settings/data-page.tsx"), "DataPage"),
});

const speechRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/settings/speech",
  component: lazyRouteComponent(() => import("./settings/speech-page.tsx"), "SpeechPage"),
});

const webhooksRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/settings/webhooks",
  component: lazyRouteComponent(() => import("./settings/webhooks-page.tsx"), "WebhooksPage"),
});

const fairUseRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/settings/fair-use",
  component: lazyRouteComponent(() => import("./settings/fair-use-page.tsx"), "FairUsePage"),
});

const modelRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/settings/model",
  component: lazyRouteComponent(() => import("./settings/model-page.tsx"), "ModelPage"),
});

const serverRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/settings/server",
  component: lazyRouteComponent(() => import("./settings/server-page.tsx"), "ServerPage"),
});

const developerRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/settings/developer",
  component: lazyRouteComponent(() => import("./settings/developer-page.tsx"), "DeveloperPage"),
});

const BELOW_SETTINGS = [
  ...(["/settings/tokens", "/settings/data", "/settings/server", "/settings/developer"] as const),
  ...(["/settings/speech", "/settings/webhooks", "/settings/fair-use", "/settings/model"] as const),
];

/**
 * Fetches the other pages once the first one is drawn and while there is a network, so that every address works offline in a page
 * that has been loaded; the recordings first, since who is offline wants to see those most.
 */
export function preloadPages(): void {
  // What does not come now comes when it is looked at.
  const give = (): undefined => undefined;
  for (const to of ["/sync", "/queue", "/settings", ...BELOW_SETTINGS] as const)
    router.preloadRoute({ to }).catch(give);
  router.preloadRoute({ to: "/conversations/$id", params: { id: "-" } }).catch(give);
}

export const router = createRouter({
  defaultErrorComponent: () => <Crashed />,
  routeTree: rootRoute.addChildren([
    ...[homeRoute, conversationRoute, queueRoute],
    ...[syncRoute, settingsRoute, tokensRoute, dataRoute, serverRoute, developerRoute],
    ...[speechRoute, webhooksRoute, fairUseRoute, modelRoute],
  ]),
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
