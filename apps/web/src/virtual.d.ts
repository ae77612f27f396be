/** Written by the plug-in in vite.config.ts. */
declare module "virtual:theme.css";

/** Written by plugins/catalogues.ts. */
declare module "virtual:catalogues" {
  type Catalogue = import("./i18n/words.ts").Catalogue;
  export const ENGLISH: Catalogue;
  /** Languages beside English, each loaded when it is wanted. */
  export const LAZY: Readonly<Record<string, () => Promise<{ readonly default: Catalogue }>>>;
}
