/**
 * The front end: lines of C → `Unit`. In: lines with their places, whole files or whole functions (fragments: see `bodies.ts`).
 * Out: programs, tables, structures, constants, with the places they were read from. Knows neither patches nor kernel meaning.
 */
import type { Damage } from '../place';
import { type Constant, enumerators, structures, variables } from './declarations';
import { expression, type Reading } from './expressions';
import { lowerFunction } from './lower';
import { type Define, type Repaired, repair } from './repair';
import { type SourceText, sourceText } from './source-text';
import { childOf, childOfType, createSyntax, type Syntax, type SyntaxNode } from './syntax';
import type { BodySource, Evidence, Program, SourceLine, Structure, Table, Unit } from './types';

/** A function's extent in the lines that were read: 0-based, both inclusive. */
export interface Extent {
  readonly name: string;
  readonly first: number;
  readonly last: number;
  /** False when the syntax tree has errors in it. */
  readonly clean: boolean;
}

export interface ParsedUnit extends Unit {
  readonly extents: readonly Extent[];
  /** True when the whole text parsed without an error. */
  readonly clean: boolean;
  readonly damage: readonly Damage[];
}

export interface Origin {
  readonly evidence: Evidence;
  readonly source: BodySource;
}

export interface FrontEnd {
  /** Reads lines of C. Never throws; what cannot be read is left out, and `damage` says so where an added line is the cause. */
  parse(file: string, lines: readonly SourceLine[], origin: Origin): ParsedUnit;
}

/** Loads the two wasm modules (bytes of `web-tree-sitter.wasm` and `tree-sitter-c.wasm`), once; about 50 ms. */
export async function createFrontEnd(wasm: {
  readonly treeSitter: Uint8Array;
  readonly c: Uint8Array;
}): Promise<FrontEnd> {
  const syntax = await createSyntax(wasm);
  const trees = new TreeCache(syntax);
  return { parse: (file, lines, origin) => parseUnit(trees, file, lines, origin) };
}

interface Tree {
  readonly repaired: Repaired;
  readonly root: SyntaxNode | null;
}

/** Units of text whose trees are kept: versions of a series repeat most of their functions, at other places. */
const CACHED_UNITS = 400_000;

class TreeCache {
  private readonly trees = new Map<string, Tree>();
  private size = 0;
  constructor(readonly syntax: Syntax) {}

  get(text: string): Tree {
    const known = this.trees.get(text);
    if (known !== undefined) return known;
    const repaired = repair(text);
    const tree = { repaired, root: this.syntax.parse(repaired.text) };
    this.trees.set(text, tree);
    this.size += text.length;
    for (const old of this.trees.keys()) {
      if (this.size <= CACHED_UNITS) break;
      this.trees.delete(old);
      this.size -= old.length;
    }
    return tree;
  }
}

interface Collected {
  readonly programs: Program[];
  readonly extents: Extent[];
  readonly tables: Table[];
  readonly structures: Structure[];
  readonly constants: Constant[];
  readonly globals: Unit['globals'][number][];
}

function parseUnit(trees: TreeCache, file: string, lines: readonly SourceLine[], origin: Origin): ParsedUnit {
  const source = sourceText(lines);
  const { repaired, root } = trees.get(source.text);
  const { loops, types: typeNames, configs } = repaired;
  const reading: Reading = { text: source.text, place: source.place, loops, types: typeNames, configs };
  const found: Collected = { programs: [], extents: [], tables: [], structures: [], constants: [], globals: [] };
  const damage: Damage[] = [];
  if (root === null) {
    damage.push({ code: 'code-unreadable', message: `The code of ${file} could not be parsed in time.`, at: null });
  } else {
    for (const node of root.children) topLevel(node, file, reading, source, origin, found);
    if (root.broken && origin.evidence === 'full') damage.push(...misread(root, file, source));
  }
  for (const one of repaired.globals) {
    found.globals.push({
      variable: { name: one.name, type: one.type, array: null, at: source.place(one.start, one.end) },
      init: null,
    });
  }
  found.constants.push(...defineValues(trees.syntax, repaired.defines, source));
  return {
    file,
    programs: preferred(found.programs),
    tables: found.tables,
    structures: found.structures,
    constants: found.constants,
    globals: found.globals,
    extents: found.extents,
    clean: root !== null && !root.broken,
    damage,
  };
}

/** The first few places at which an added line is no C that the grammar knows: said, not repaired. */
function misread(root: SyntaxNode, file: string, source: SourceText): Damage[] {
  const damage: Damage[] = [];
  const lines = new Set<number>();
  const work: SyntaxNode[] = [root];
  while (work.length > 0 && damage.length < 5) {
    const node = work.pop();
    if (node === undefined || !node.broken) continue;
    if (node.type !== 'ERROR' && node.children.length > 0) {
      work.push(...[...node.children].reverse());
      continue;
    }
    const place = source.place(node.start, Math.max(node.end, node.start + 1));
    if (place.kind !== 'message' || !place.added || lines.has(place.line)) continue;
    lines.add(place.line);
    const { message, line, column, endLine, endColumn } = place;
    damage.push({
      code: 'code-not-read',
      message: `An added line of ${file} could not be read as C.`,
      at: { message, line, column, endLine, endColumn },
    });
  }
  return damage;
}

/** Of two functions of one name (both arms of an `#ifdef`) the one that does more: the other is a stub. */
function preferred(programs: readonly Program[]): Program[] {
  const byName = new Map<string, Program>();
  for (const program of programs) {
    const other = byName.get(program.name);
    if (other === undefined || program.nodes.length > other.nodes.length) byName.set(program.name, program);
  }
  return [...byName.values()];
}

function topLevel(
  node: SyntaxNode,
  file: string,
  reading: Reading,
  source: SourceText,
  origin: Origin,
  found: Collected,
): void {
  switch (node.type) {
    case 'function_definition': {
      const program = lowerFunction(node, file, reading, origin.evidence, origin.source);
      if (program === null) return;
      found.programs.push(program);
      const first = source.lineOf(node.start);
      const last = source.lineOf(Math.max(node.end - 1, node.start));
      found.extents.push({ name: program.name, first, last, clean: !node.broken });
      return;
    }
    case 'declaration': {
      types(node, reading, found);
      for (const { variable, init } of variables(node, reading)) {
        const value = init === null ? null : expression(init, reading);
        if (value?.kind === 'initializer')
          found.tables.push({ name: variable.name, type: variable.type, init: value, at: variable.at });
        else found.globals.push({ variable, init: value });
      }
      return;
    }
    case 'type_definition': {
      const specifier = childOf(node, 'type');
      const alias = childOf(node, 'declarator');
      if (specifier !== null) {
        structures(
          specifier,
          reading,
          found.structures,
          alias === null ? null : reading.text.slice(alias.start, alias.end),
        );
        if (specifier.type === 'enum_specifier') found.constants.push(...enumerators(specifier, reading));
      }
      return;
    }
    case 'struct_specifier':
    case 'union_specifier':
      structures(node, reading, found.structures);
      return;
    case 'enum_specifier':
      found.constants.push(...enumerators(node, reading));
      return;
    case 'ERROR':
    case 'linkage_specification':
    case 'declaration_list':
      for (const child of node.children) if (child.named) topLevel(child, file, reading, source, origin, found);
      return;
    default:
      return;
  }
}

function types(node: SyntaxNode, reading: Reading, found: Collected): void {
  const specifier = childOf(node, 'type') ?? childOfType(node, 'struct_specifier', 'union_specifier', 'enum_specifier');
  if (specifier === null) return;
  if (specifier.type === 'enum_specifier') found.constants.push(...enumerators(specifier, reading));
  else structures(specifier, reading, found.structures);
}

/** Values of `#define`s, parsed together as one list of initialised variables, one a line. */
function defineValues(syntax: Syntax, defines: readonly Define[], source: SourceText): Constant[] {
  const usable = defines.filter((define) => source.text.slice(define.start, define.end).trim() !== '');
  if (usable.length === 0) return [];
  const rows: { readonly define: Define; readonly at: number }[] = [];
  let text = '';
  for (const define of usable) {
    const value = source.text
      .slice(define.start, define.end)
      .replace(/\\(?=\s*\n)/g, ' ')
      .replace(/\/\*[\s\S]*?\*\/|\/\*[\s\S]*$|\/\/.*$/g, (comment) => ' '.repeat(comment.length))
      .replace(/\n/g, ' ');
    text += 'int v = ';
    rows.push({ define, at: text.length });
    text += `${value};\n`;
  }
  const root = syntax.parse(text);
  if (root === null) return [];
  const constants: Constant[] = [];
  let row = 0;
  for (const node of root.children) {
    while (row + 1 < rows.length && (rows[row + 1]?.at ?? 0) - 8 <= node.start) row++;
    const current = rows[row];
    const first = node.children.find((child) => child.type === 'init_declarator');
    const value = first === undefined ? null : childOf(first, 'value');
    if (current === undefined || node.type !== 'declaration' || node.broken || value === null) continue;
    const shift = current.define.start - current.at;
    const reading: Reading = {
      text,
      place: (start, end) => source.place(start + shift, end + shift),
      loops: new Map(),
      types: new Map(),
      configs: new Map(),
    };
    const at = source.place(current.define.at, current.define.end);
    constants.push({ name: current.define.name, value: expression(value, reading), at });
  }
  return constants;
}
