/** Providers, and the choice between what somebody shares, the sign-in page and the app. */
import { DirectionProvider, MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { type JSX, lazy, Suspense, useSyncExternalStore } from "react";
import { WordsContext } from "./i18n/use-words.tsx";
import { router } from "./routes.tsx";
import { SignIn } from "./session/sign-in.tsx";
import { type Services, ServicesContext } from "./shell/services.ts";
import { theme } from "./shell/theme.ts";

/** Read by people without an account, so it stands beside everything that needs one. */
const SharedPage = lazy(async () => ({ default: (await import("./conversations/shared-page.tsx")).SharedPage }));
const SHARED = /^\/shared\/([\w-]+)\/?$/;

export function App({ services }: { readonly services: Services }): JSX.Element {
  const session = useSyncExternalStore(services.session.subscribe, services.session.snapshot);
  const shareKey = SHARED.exec(window.location.pathname)?.[1];
  const words = useSyncExternalStore(services.language.subscribe, services.language.snapshot);
  return (
    // The direction is that of the root element, which the language sets.
    <DirectionProvider initialDirection={words.direction}>
      {/* The build writes the variables and classes into the style sheet; nothing is injected into the page. */}
      <MantineProvider theme={theme} defaultColorScheme="auto" withCssVariables={false} withGlobalClasses={false}>
        <WordsContext value={words}>
          <ServicesContext value={services}>
            <QueryClientProvider client={services.queries}>
              {shareKey !== undefined ? (
                <Suspense>
                  <SharedPage shareKey={shareKey} />
                </Suspense>
              ) : session.signedIn ? (
                <RouterProvider router={router} />
              ) : (
                <SignIn because={session.because} />
              )}
            </QueryClientProvider>
          </ServicesContext>
        </WordsContext>
      </MantineProvider>
    </DirectionProvider>
  );
}
