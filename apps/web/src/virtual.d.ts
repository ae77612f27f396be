/** Written by the plug-in in vite.config.ts. */
declare module "virtual:theme.css";
