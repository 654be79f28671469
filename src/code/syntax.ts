/**
 * The adapter to tree-sitter, the only file that knows it. In: text. Out: a plain tree with offsets (UTF-16 units), without comments.
 * Knows neither places nor programs. The tree-sitter tree is freed before the plain one is handed out.
 */
import { Language, Parser } from 'web-tree-sitter';

/** A node, without the punctuation nobody asks for. */
export interface SyntaxNode {
  /** Grammar symbol: `function_definition`, `identifier`, `;`; `ERROR` for what the grammar could not place. */
  readonly type: string;
  /** The field of the parent this node fills, or null. */
  readonly field: string | null;
  readonly named: boolean;
  /** First offset, and the offset behind the last unit. Equal for a token the parser had to invent. */
  readonly start: number;
  readonly end: number;
  readonly children: readonly SyntaxNode[];
  /** True when this node or one below it is an error or an invented token. */
  readonly broken: boolean;
}

export interface Syntax {
  /** Null when the parser gave up: more than a second for one text, or a text it cannot hold. */
  parse(text: string): SyntaxNode | null;
}

interface Draft {
  readonly type: string;
  readonly field: string | null;
  readonly named: boolean;
  readonly start: number;
  readonly end: number;
  readonly children: Draft[];
  broken: boolean;
}

/** Deeper trees (hostile input) are cut: what lies below becomes an error leaf. */
const DEPTH_LIMIT = 400;
const PARSE_LIMIT_MS = 1000;
const ERROR_TYPE = 0xffff;

let runtime: Promise<void> | null = null;

/** Loads the runtime once per process or worker, then the grammar. Both arguments are the bytes of the wasm files. */
export async function createSyntax(wasm: { readonly treeSitter: Uint8Array; readonly c: Uint8Array }): Promise<Syntax> {
  // Nothing is fetched: the bytes are here. Without `locateFile` the runtime would ask for its own address, which a bundle has not.
  runtime ??= Parser.init({ wasmBinary: wasm.treeSitter, locateFile: (file: string) => file });
  await runtime;
  const language = await Language.load(wasm.c);
  const parser = new Parser();
  parser.setLanguage(language);
  const types = language.types;
  const fields = language.fields;
  const named = types.map((_, id) => language.nodeTypeIsNamed(id));
  const leaf = types.map((type, id) => !named[id] || LEAVES.has(type));
  /** Tokens nobody asks for: left out of trees without errors, in errors they may be the invented ones. */
  const idle = types.map((type, id) => type === 'comment' || (!named[id] && !TOKENS.has(type)));

  function parse(text: string): SyntaxNode | null {
    const deadline = Date.now() + PARSE_LIMIT_MS;
    const tree = parser.parse(text, null, { progressCallback: () => Date.now() > deadline });
    if (tree === null) {
      parser.reset();
      return null;
    }
    const sound = !tree.rootNode.hasError;
    const cursor = tree.walk();
    const root: Draft = {
      type: 'root',
      field: null,
      named: true,
      start: 0,
      end: text.length,
      children: [],
      broken: false,
    };
    const stack: Draft[] = [root];
    try {
      for (;;) {
        const id = cursor.nodeTypeId;
        const type = id === ERROR_TYPE ? 'ERROR' : (types[id] ?? 'ERROR');
        let descend = false;
        if (!(idle[id] ?? false) || (!sound && type !== 'comment')) {
          const parent = stack[stack.length - 1] ?? root;
          const start = cursor.startIndex;
          const end = cursor.endIndex;
          const fieldId = (named[id] ?? true) ? cursor.currentFieldId : 0;
          const deep = stack.length > DEPTH_LIMIT;
          const isLeaf = leaf[id] ?? false;
          const draft: Draft = {
            type: deep && !isLeaf ? 'ERROR' : type,
            field: fieldId !== 0 ? (fields[fieldId] ?? null) : (named[id] ?? true) ? null : 'operator',
            named: named[id] ?? true,
            start,
            end,
            children: [],
            broken: type === 'ERROR' || (deep && !isLeaf) || (isLeaf && start === end),
          };
          parent.children.push(draft);
          if (draft.broken) for (let i = stack.length - 1; i >= 0 && !stack[i]?.broken; i--) markBroken(stack[i]);
          descend = !isLeaf && !deep && cursor.gotoFirstChild();
          if (descend) stack.push(draft);
        }
        if (descend) continue;
        while (!cursor.gotoNextSibling()) {
          if (stack.length <= 1 || !cursor.gotoParent()) return root.children[0] ?? root;
          stack.pop();
        }
      }
    } finally {
      cursor.delete();
      tree.delete();
    }
  }
  return { parse };
}

function markBroken(draft: Draft | undefined): void {
  if (draft !== undefined) draft.broken = true;
}

/** Tokens that say something: they fill the field `operator`, or are looked for by type. */
const TOKENS: ReadonlySet<string> = new Set(
  '+= -= *= /= %= &= |= ^= <<= >>= + - * / % & | ^ << >> < > <= >= == != && || ! ~ -> ++ -- default'.split(' '),
);

const LEAVES: ReadonlySet<string> = new Set([
  'identifier',
  'field_identifier',
  'type_identifier',
  'statement_identifier',
  'primitive_type',
  'number_literal',
  'string_literal',
  'char_literal',
  'true',
  'false',
  'break_statement',
  'continue_statement',
  'storage_class_specifier',
  'type_qualifier',
  'preproc_include',
  'comment',
]);

/** The child that fills a field, or null. */
export function childOf(node: SyntaxNode, field: string): SyntaxNode | null {
  for (const child of node.children) if (child.field === field) return child;
  return null;
}

/** The first child of one of these types, or null. */
export function childOfType(node: SyntaxNode, ...types: readonly string[]): SyntaxNode | null {
  for (const child of node.children) if (types.includes(child.type)) return child;
  return null;
}
