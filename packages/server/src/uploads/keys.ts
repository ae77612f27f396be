/**
 * Keys of the upload routes, derived from one secret of this server that the database keeps: one that names contents, one that
 * signs capture manifests. Whoever knows a content id learns nothing about the sound.
 */
import { hkdfSync } from "node:crypto";
import type { Clock } from "@holdfast/core";
import { type Db, serverSecret } from "@holdfast/store";

export interface UploadKeys {
  readonly contents: Uint8Array;
  readonly manifests: Uint8Array;
}

/** Asked for once; a database that is away is asked again. */
export function uploadKeys({ db, clock }: { readonly db: Db; readonly clock: Clock }): () => Promise<UploadKeys> {
  let known: UploadKeys | undefined;
  return async () => {
    known ??= derive(await serverSecret(db, "uploads", clock.now()));
    return known;
  };
}

function derive(secret: Uint8Array): UploadKeys {
  const key = (name: string): Uint8Array => new Uint8Array(hkdfSync("sha256", secret, "", `holdfast.${name}`, 32));
  return { contents: key("contents"), manifests: key("manifests") };
}
