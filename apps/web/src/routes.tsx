/**
 * The addresses of the page. What is looked at less often is loaded when it is; an address that is not known says so instead of
 * showing something else.
 */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import type { JSX } from "react";
import { ConversationPage } from "./conversations/conversation-page.tsx";
import { HomePage } from "./conversations/home-page.tsx";
import { QueuePage } from "./queue/queue-page.tsx";
import { Layout } from "./shell/layout.tsx";
import { NotFound } from "./shell/not-found.tsx";

const rootRoute = createRootRoute({ component: Layout, notFoundComponent: () => <NotFound /> });

const homeRoute = createRoute({ getParentRoute: () => rootRoute, path: "/", component: HomePage });

const conversationRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/conversations/$id",
  component: function ConversationRoute(): JSX.Element {
    const { id } = conversationRoute.useParams();
    // Another conversation is another page: what was typed into one is never carried into the next.
    return <ConversationPage key={id} id={id} />;
  },
});

const queueRoute = createRoute({ getParentRoute: () => rootRoute, path: "/queue", component: QueuePage });

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

const developerRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/settings/developer",
  component: lazyRouteComponent(() => import("./settings/developer-page.tsx"), "DeveloperPage"),
});

/** Fetches what is loaded later while there is a network: who is offline wants to see the recordings most. */
export function preloadPages(): void {
  for (const to of ["/sync", "/settings", "/settings/developer"] as const) {
    // What does not come now comes when it is looked at.
    router.preloadRoute({ to }).catch(() => undefined);
  }
}

export const router = createRouter({
  routeTree: rootRoute.addChildren([
    ...[homeRoute, conversationRoute, queueRoute],
    ...[syncRoute, settingsRoute, developerRoute],
  ]),
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
