/** The sign of Holdfast: the root by which kelp holds on to the rock. Decoration; the name stands beside it. */
import type { JSX } from "react";

export function Mark({ size }: { readonly size: number }): JSX.Element {
  return <img src="/icon.svg" width={size} height={size} alt="" />;
}
