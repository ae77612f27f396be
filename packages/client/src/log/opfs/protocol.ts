/** What the page and the worker that holds the files say to each other: one answer for every call, in any order. */
import type { FailureClass, FailureScope } from "@holdfast/contract";

export type OpfsCall =
  | { readonly op: "open"; readonly folder: string }
  | { readonly op: "list"; readonly ending: string | undefined }
  | { readonly op: "read"; readonly name: string; readonly start: number; readonly end: number }
  | { readonly op: "write"; readonly name: string; readonly at: number; readonly bytes: Uint8Array }
  | { readonly op: "sync"; readonly name: string }
  | { readonly op: "remove"; readonly name: string }
  | { readonly op: "close" };

export interface OpfsRequest {
  readonly id: number;
  readonly call: OpfsCall;
}

export type OpfsAnswer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: OpfsFailure };

export interface OpfsFailure {
  readonly message: string;
  readonly code: string;
  readonly class: FailureClass;
  readonly scope: FailureScope;
}
