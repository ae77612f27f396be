/** The gateway: live sockets, uploads, REST, pages, health. It routes sound and never decodes it (law L2). */
export { openApiDocument } from "./docs/document.ts";
export type { GatewayDeps } from "./gateway-deps.ts";
export { type Gateway, startGateway } from "./start-gateway.ts";
