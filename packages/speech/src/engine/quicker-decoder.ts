/**
 * The decoder model, rewritten so that a word costs less. As published it turns the 8-bit table of all 32,768 tokens on its
 * side and into floats again for every single token, only to multiply it with one vector. Here the table lies on its side
 * from the start and is multiplied as it is, by the integer operators that all other layers use already:
 *
 *   before   Transpose(table) → DequantizeLinear → MatMul(hidden, ·) → logits
 *   after    DynamicQuantizeLinear(hidden) → MatMulInteger(·, turned table) → Cast → Mul(scales) → logits
 *
 * Measured on 520 utterances of 15 minutes: 3 of them read differently, no more words wrong, 35 % less CPU time for all of
 * recognition and 100 MB less memory. The runtime can do neither by itself. Field numbers are those of ONNX's onnx.proto.
 */
import { bytesField, type Field, joinBytes, numberField, type Rope, readFields } from "./protobuf.ts";

const MODEL = { graph: 7 };
const GRAPH = { node: 1, initializer: 5 };
const NODE = { input: 1, output: 2, name: 3, operator: 4, attribute: 5 };
const ATTRIBUTE = { name: 1, int: 3, graph: 6, type: 20 };
const TENSOR = { dimension: 1, type: 2, name: 8, raw: 9 };
const FLOAT = 1;
const UINT8 = 2;
const INT_ATTRIBUTE = 2;

const BLOCK_ROWS = 64;

const TURNED = "holdfast.turned_table";
const OUTPUT = "logits";

/** Throws where the model is not built as described. */
export function quickerDecoder(model: Uint8Array): Uint8Array {
  let tables = new Set<string>();
  const graph = (bytes: Uint8Array): Rope => {
    const branches = replaced(bytes, GRAPH.node, (node) =>
      replaced(node, NODE.attribute, (attribute) =>
        replaced(attribute, ATTRIBUTE.graph, (branch) => {
          const { graph: quicker, table } = quickerBranch(branch);
          tables = tables.add(table);
          return quicker;
        }),
      ),
    );
    const [table] = tables;
    if (table === undefined || tables.size > 1) throw new Error("the branches of the model differ");
    return [branches, bytesField(GRAPH.initializer, turned(bytes, table))];
  };
  return joinBytes(replaced(model, MODEL.graph, graph));
}

/** A message with all fields of a number passed through a function. */
function replaced(message: Uint8Array, number: number, change: (content: Uint8Array) => Rope): Rope {
  return readFields(message).map((field) =>
    field.number === number ? bytesField(number, change(field.content)) : field.whole,
  );
}

interface Node {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** One branch (with or without remembered keys), and the name of its table of tokens. */
function quickerBranch(branch: Uint8Array): { graph: Rope; table: string } {
  const fields = readFields(branch);
  const nodes = new Map<Field, Node>();
  for (const field of fields) if (field.number === GRAPH.node) nodes.set(field, readNode(field.content));
  const producer = (name: string | undefined, operator: string): [Field, Node] => {
    const found = [...nodes].find(([, node]) => name !== undefined && node.outputs.includes(name));
    if (found?.[1].operator !== operator) throw new Error(`the model has no ${operator} where one is expected`);
    return found;
  };
  const [matMulField, matMul] = producer(OUTPUT, "MatMul");
  const [floatsField, floats] = producer(matMul.inputs[1], "DequantizeLinear");
  const [turnField, turn] = producer(floats.inputs[0], "Transpose");
  const [hidden] = matMul.inputs;
  const [, scale, zeroPoint] = floats.inputs;
  const [table] = turn.inputs;
  if (hidden === undefined || scale === undefined || zeroPoint === undefined || table === undefined) {
    throw new Error("the model lacks an input");
  }
  const name = (part: string): string => `holdfast.${part}`;
  const instead = [
    writeNode("DynamicQuantizeLinear", [hidden], [name("hidden"), name("hidden_scale"), name("hidden_zero")]),
    writeNode("MatMulInteger", [name("hidden"), TURNED, name("hidden_zero"), zeroPoint], [name("sums")]),
    writeNode("Cast", [name("sums")], [name("float_sums")], castTo(FLOAT)),
    writeNode("Mul", [name("hidden_scale"), scale], [name("scale")]),
    writeNode("Mul", [name("float_sums"), name("scale")], [OUTPUT]),
  ].map((node) => bytesField(GRAPH.node, node));
  const graph = fields.flatMap((field) => {
    if (field === turnField || field === floatsField) return [];
    return field === matMulField ? instead : [field.whole];
  });
  return { graph, table };
}

/** The table of tokens as a new tensor, columns for rows. */
function turned(graph: Uint8Array, table: string): Rope {
  const tensors = readFields(graph).filter(({ number }) => number === GRAPH.initializer);
  const found = tensors
    .map(({ content }) => readFields(content))
    .find((fields) => textOf(fields, TENSOR.name) === table);
  const raw = found?.find(({ number }) => number === TENSOR.raw)?.content;
  const [rows = 0, columns = 0] = (found ?? [])
    .filter(({ number }) => number === TENSOR.dimension)
    .map(({ whole }) => dimension(whole));
  if (raw === undefined || raw.length !== rows * columns) throw new Error("the model has no table of tokens");
  const out = new Uint8Array(raw.length);
  // Block by block, or every step would leave the processor's cache.
  for (let block = 0; block < rows; block += BLOCK_ROWS) {
    const end = Math.min(rows, block + BLOCK_ROWS);
    for (let column = 0; column < columns; column++) {
      for (let row = block; row < end; row++) out[column * rows + row] = raw[row * columns + column] ?? 0;
    }
  }
  return [
    numberField(TENSOR.dimension, columns),
    numberField(TENSOR.dimension, rows),
    numberField(TENSOR.type, UINT8),
    bytesField(TENSOR.name, TURNED),
    bytesField(TENSOR.raw, out),
  ];
}

/** The number after the one byte of its tag. */
function dimension(field: Uint8Array): number {
  return field.subarray(1).reduce((value, byte, i) => value + (byte & 127) * 128 ** i, 0);
}

function readNode(node: Uint8Array): Node {
  const fields = readFields(node);
  return {
    operator: textOf(fields, NODE.operator) ?? "",
    inputs: fields.filter(({ number }) => number === NODE.input).map(text),
    outputs: fields.filter(({ number }) => number === NODE.output).map(text),
  };
}

function writeNode(operator: string, inputs: readonly string[], outputs: readonly string[], attribute?: Rope): Rope {
  return [
    ...inputs.map((input) => bytesField(NODE.input, input)),
    ...outputs.map((output) => bytesField(NODE.output, output)),
    bytesField(NODE.name, `holdfast.${outputs[0]}`),
    bytesField(NODE.operator, operator),
    ...(attribute === undefined ? [] : [bytesField(NODE.attribute, attribute)]),
  ];
}

function castTo(type: number): Rope {
  return [
    bytesField(ATTRIBUTE.name, "to"),
    numberField(ATTRIBUTE.int, type),
    numberField(ATTRIBUTE.type, INT_ATTRIBUTE),
  ];
}

function textOf(fields: readonly Field[], number: number): string | undefined {
  const field = fields.find((candidate) => candidate.number === number);
  return field === undefined ? undefined : text(field);
}

function text({ content }: Field): string {
  return new TextDecoder().decode(content);
}
