/** The tus project's server with its file store, as its users have it: nothing of it is flushed to the disk. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { FileStore } from "@tus/file-store";
import { Server } from "@tus/server";
import type { PeerCalls } from "../pipeline/peer.ts";

export function tusYardstick(): PeerCalls {
  return {
    listen: async ({ folder }: { readonly folder: string }): Promise<number> => {
      const tus = new Server({ path: "/v2/uploads", datastore: new FileStore({ directory: folder }) });
      const http = createServer((request, response) => void tus.handle(request, response));
      await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", () => resolve()));
      return (http.address() as AddressInfo).port;
    },
  };
}
