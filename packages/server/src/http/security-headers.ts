/**
 * Headers of every answer. Everything is refused but what the pages need: scripts, styles, pictures, sound and sockets of this
 * very server, nothing inline, nothing from another host. Plain HTTP is not upgraded by force, since a server in a home network
 * has no certificate.
 */
import type { FastifyHelmetOptions } from "@fastify/helmet";

const OWN_PAGE = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  connectSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'"],
  mediaSrc: ["'self'"],
  manifestSrc: ["'self'"],
  workerSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
};

export const SECURITY_HEADERS: FastifyHelmetOptions = {
  contentSecurityPolicy: { useDefaults: false, directives: OWN_PAGE },
  strictTransportSecurity: false,
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  referrerPolicy: { policy: "no-referrer" },
};

/** The page that shows the API description: its script makes its styles at run time. */
export const DOCS_POLICY: FastifyHelmetOptions = {
  ...SECURITY_HEADERS,
  contentSecurityPolicy: { useDefaults: false, directives: { ...OWN_PAGE, styleSrc: ["'self'", "'unsafe-inline'"] } },
};
