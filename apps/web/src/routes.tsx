/**
 * The addresses of the page. `/sync` and `/settings` come later under the same layout; an address that is not known yet says
 * so instead of showing something else.
 */
import { createRootRoute, createRoute, createRouter } from "@tanstack/react-router";
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

export const router = createRouter({ routeTree: rootRoute.addChildren([homeRoute, conversationRoute, queueRoute]) });

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
