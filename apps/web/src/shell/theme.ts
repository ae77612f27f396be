/**
 * Colours, type and shape, as data: the build writes them into the style sheet (vite.config.ts) and the provider reads them.
 * Every pair of text and ground that the page uses keeps a contrast of 4.5:1 in both schemes; the browser test measures it.
 */
import { createTheme } from "@mantine/core";

export const theme = createTheme({
  primaryColor: "kelp",
  primaryShade: { light: 7, dark: 7 },
  defaultRadius: "md",
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
  headings: { fontWeight: "650" },
  respectReducedMotion: true,
  cursorType: "pointer",
  colors: {
    kelp: [
      "#eef8f4",
      "#dbefe7",
      "#b7dfd0",
      "#8ecdb5",
      "#63b798",
      "#3f9d7d",
      "#2a8567",
      "#1d6f56",
      "#175a46",
      "#124838",
    ],
    dark: [
      "#e3e8e6",
      "#b9c3bf",
      "#94a19c",
      "#6d7a75",
      "#424d49",
      "#343e3a",
      "#262e2b",
      "#1a211f",
      "#131917",
      "#0d1110",
    ],
  },
});
