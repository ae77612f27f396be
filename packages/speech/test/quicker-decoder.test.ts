/** The rewriting of the decoder model: on the wire format, on small models, and on the real files. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesField, joinBytes, numberField, readFields } from "../src/engine/protobuf.ts";
import { quickerDecoder } from "../src/engine/quicker-decoder.ts";

const node = (operator: string, inputs: readonly string[], outputs: readonly string[]): Uint8Array =>
  joinBytes([
    ...inputs.map((name) => bytesField(1, name)),
    ...outputs.map((name) => bytesField(2, name)),
    bytesField(4, operator),
  ]);

const GOOD_BRANCH = [
  node("Gather", ["table", "ids"], ["embedded"]),
  node("Transpose", ["table"], ["turned"]),
  node("DequantizeLinear", ["turned", "scale", "zero"], ["floats"]),
  node("MatMul", ["hidden", "floats"], ["logits"]),
];
const TABLE = Uint8Array.of(1, 2, 3, 4, 5, 6);

/** A model of one `If` with the same branch twice, and a table of two tokens. */
function model(nodes: readonly Uint8Array[] = GOOD_BRANCH, table: Uint8Array = TABLE): Uint8Array {
  const branch = joinBytes([bytesField(2, "branch"), ...nodes.map((bytes) => bytesField(1, bytes))]);
  const attributes = ["then_branch", "else_branch"].map((name) =>
    bytesField(5, joinBytes([bytesField(1, name), bytesField(6, branch)])),
  );
  const tensor = joinBytes([
    numberField(1, 2),
    numberField(1, 3),
    numberField(2, 2),
    bytesField(8, "table"),
    bytesField(9, table),
  ]);
  const graph = joinBytes([bytesField(1, joinBytes([bytesField(4, "If"), ...attributes])), bytesField(5, tensor)]);
  return joinBytes([numberField(1, 10), bytesField(2, "maker"), bytesField(7, graph)]);
}

const only = (bytes: Uint8Array, number: number): Uint8Array[] =>
  readFields(bytes).flatMap((field) => (field.number === number ? [field.content] : []));
const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
const first = (parts: readonly Uint8Array[]): Uint8Array => parts[0] ?? expect.fail("missing");

function branchesOf(bytes: Uint8Array): Uint8Array[] {
  return only(first(only(first(only(bytes, 7)), 1)), 5).flatMap((attribute) => only(attribute, 6));
}

describe("the wire format", () => {
  const field = fc.oneof(
    fc
      .tuple(fc.integer({ min: 1, max: 3_000 }), fc.uint8Array({ maxLength: 300 }))
      .map(([n, bytes]) => joinBytes(bytesField(n, bytes))),
    fc.tuple(fc.integer({ min: 1, max: 3_000 }), fc.nat(2 ** 31)).map(([n, value]) => joinBytes(numberField(n, value))),
    fc.constantFrom(Uint8Array.of(0x0d, 1, 2, 3, 4), Uint8Array.of(0x09, 1, 2, 3, 4, 5, 6, 7, 8)),
  );

  it("is taken apart into the fields it was made of", () => {
    fc.assert(
      fc.property(fc.array(field, { maxLength: 10 }), (fields) => {
        const read = readFields(joinBytes(fields));
        expect(read.map(({ whole }) => [...whole])).toEqual(fields.map((bytes) => [...bytes]));
      }),
    );
  });

  it.each([
    ["a number that does not end", [0x08, 0xff]],
    ["less than it says", [0x0a, 5, 1]],
    ["a kind of field that is no longer used", [0x0b]],
  ])("with %s is refused", (_what, bytes) => {
    expect(() => readFields(Uint8Array.from(bytes))).toThrow(/the message/);
  });
});

describe("the rewriting of a model", () => {
  it("replaces the three operators in both branches and leaves the others", () => {
    const branches = branchesOf(quickerDecoder(model()));
    expect(branches).toHaveLength(2);
    for (const branch of branches) {
      expect(only(branch, 1).map((bytes) => text(first(only(bytes, 4))))).toEqual([
        "Gather",
        "DynamicQuantizeLinear",
        "MatMulInteger",
        "Cast",
        "Mul",
        "Mul",
      ]);
      const last = only(branch, 1).at(-1) ?? expect.fail("no nodes");
      expect(only(last, 2).map(text)).toEqual(["logits"]);
    }
  });

  it("adds the table turned on its side, and changes nothing else", () => {
    const [before, after] = [model(), quickerDecoder(model())];
    const tensors = only(first(only(after, 7)), 5);
    expect(tensors[0]).toEqual(first(only(first(only(before, 7)), 5)));
    expect([...first(only(tensors[1] ?? expect.fail("no new tensor"), 9))]).toEqual([1, 4, 2, 5, 3, 6]);
    expect(text(first(only(after, 2)))).toBe("maker");
  });

  it.each([
    ["without a Transpose", model(GOOD_BRANCH.toSpliced(1, 1))],
    ["whose logits come from elsewhere", model(GOOD_BRANCH.with(3, node("Add", ["hidden", "floats"], ["logits"])))],
    ["without a zero point", model(GOOD_BRANCH.with(2, node("DequantizeLinear", ["turned", "scale"], ["floats"])))],
    ["whose table has another size", model(GOOD_BRANCH, TABLE.subarray(1))],
    ["that is cut off", model().subarray(0, 80)],
  ])("refuses one %s", (_what, bytes) => {
    expect(() => quickerDecoder(bytes)).toThrow(/the (model|message)/);
  });

  it.each([
    ["base", 56_130_500],
    ["tiny", 29_680_612],
  ])("of Moonshine %s gives the file that was measured", (name, bytes) => {
    const folder = dirname(fileURLToPath(new URL(import.meta.resolve("@usefulsensors/moonshine-js"))));
    const file = join(folder, "model", name, "quantized", "decoder_model_merged.onnx");
    expect(quickerDecoder(readFileSync(file)).length).toBe(bytes);
  });
});
