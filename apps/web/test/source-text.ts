/** Reads the sources of the page with TypeScript's parser: which messages they say, with what, and which words stand outside of the catalogue. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";

/** Names, and what is typed into a terminal. */
const NOT_WORDS: ReadonlySet<string> = new Set(["Holdfast", "npm start", "owner.token"]);

/** Attributes that a person sees or hears. */
const SPOKEN =
  /^(aria-(label|description|valuetext|roledescription|placeholder)|title|placeholder|label|alt|description|error|closeButtonLabel)$/;

/** Words in JSX that no translator would see, as `file:line: words`. */
export function untranslated(folder: string): readonly string[] {
  return sourcesOf(folder, /\.tsx$/).flatMap((source) => {
    const found: ts.Node[] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isJsxText(node) && isWords(node.text)) found.push(node);
      if (ts.isJsxExpression(node) && node.expression !== undefined && isShown(node)) {
        found.push(...wordsIn(node.expression));
      }
      if (ts.isJsxAttribute(node) && node.initializer !== undefined && ts.isStringLiteral(node.initializer)) {
        if (SPOKEN.test(node.name.getText(source)) && isWords(node.initializer.text)) found.push(node.initializer);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found.map((node) => {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
      return `${relative(folder, source.fileName)}:${line + 1}: ${node.getText(source).trim()}`;
    });

    /** A child of an element, or the value of an attribute that is seen or heard. */
    function isShown(node: ts.JsxExpression): boolean {
      return !ts.isJsxAttribute(node.parent) || SPOKEN.test(node.parent.name.getText(source));
    }
  });
}

/** Strings with words in what an expression yields; what is called or compared with decides for itself. */
function wordsIn(expression: ts.Node): readonly ts.Node[] {
  if (ts.isCallExpression(expression) || ts.isJsxElement(expression) || ts.isJsxSelfClosingElement(expression))
    return [];
  if (ts.isStringLiteralLike(expression)) return isWords(expression.text) ? [expression] : [];
  if (ts.isTemplateExpression(expression)) {
    const texts = [expression.head.text, ...expression.templateSpans.map(({ literal }) => literal.text)];
    return texts.some(isWords) ? [expression] : [];
  }
  if (ts.isConditionalExpression(expression)) {
    return [...wordsIn(expression.whenTrue), ...wordsIn(expression.whenFalse)];
  }
  if (ts.isBinaryExpression(expression)) {
    const isComparison = /^[!=]==?$/.test(expression.operatorToken.getText());
    return isComparison ? [] : [...wordsIn(expression.left), ...wordsIn(expression.right)];
  }
  return ts.isParenthesizedExpression(expression) ? wordsIn(expression.expression) : [];
}

function isWords(text: string): boolean {
  return /\p{L}/u.test(text) && !NOT_WORDS.has(text.trim());
}

/** Patterns of everything in the sources that may be the id of a message: strings, and templates with anything in their gaps. */
export function literalIds(folder: string): readonly RegExp[] {
  const texts = new Set<string>();
  for (const source of sourcesOf(folder, /(?<!\.test)\.tsx?$/)) {
    const visit = (node: ts.Node): void => {
      if (ts.isStringLiteralLike(node) && /^[a-z_.]+$/.test(node.text)) texts.add(escaped(node.text));
      if (ts.isTemplateExpression(node) && node.head.text.includes(".")) {
        texts.add(
          escaped(node.head.text) + node.templateSpans.map(({ literal }) => `[a-z_]+${escaped(literal.text)}`).join(""),
        );
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return [...texts].map((text) => new RegExp(`^${text}$`));
}

export interface Said {
  readonly where: string;
  readonly id: string;
  /** Names of the facts that are handed over. */
  readonly values: readonly string[];
}

/** Messages that are said with an id and facts that can be read off the source. */
export function saidMessages(folder: string): readonly Said[] {
  return sourcesOf(folder, /(?<!\.test)\.tsx?$/).flatMap((source) => {
    const said: Said[] = [];
    const add = (node: ts.Node, id: ts.Node | undefined, values: ts.Node | undefined): void => {
      if (id === undefined || !ts.isStringLiteralLike(id)) return;
      const names = values === undefined ? [] : namesOf(values);
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
      if (names !== undefined) {
        said.push({ where: `${relative(folder, source.fileName)}:${line + 1}`, id: id.text, values: names });
      }
    };
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) && /^(\w+\.)?(t|message)$/.test(node.expression.getText(source))) {
        add(node, node.arguments[0], node.arguments[1]);
      }
      if (ts.isJsxSelfClosingElement(node) && node.tagName.getText(source) === "Rich") {
        const [id, values] = ["id", "values"].map((name) => attribute(node, name));
        add(node, id, values !== undefined && ts.isJsxExpression(values) ? values.expression : undefined);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
    return said;
  });
}

function attribute(element: ts.JsxSelfClosingElement, name: string): ts.Node | undefined {
  for (const each of element.attributes.properties) {
    if (ts.isJsxAttribute(each) && each.name.getText() === name) return each.initializer;
  }
  return undefined;
}

/** Undefined where they cannot be read off the source. What `moment` spreads is known by name. */
function namesOf(values: ts.Node): readonly string[] | undefined {
  if (!ts.isObjectLiteralExpression(values)) return undefined;
  const names = values.properties.map((property) => {
    if (!ts.isSpreadAssignment(property)) return property.name === undefined ? undefined : [property.name.getText()];
    if (ts.isObjectLiteralExpression(property.expression)) return namesOf(property.expression);
    return /^moment\(/.test(property.expression.getText()) ? ["day", "at"] : undefined;
  });
  return names.some((name) => name === undefined) ? undefined : names.flatMap((name) => name ?? []);
}

function sourcesOf(folder: string, names: RegExp): readonly ts.SourceFile[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => names.test(name))
    .map((name) => join(folder, name))
    .map((path) => ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true));
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
