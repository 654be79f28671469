/** What the tests of this folder share: a front end, lines with places, and a readable dump of a program. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createFrontEnd, type FrontEnd, type ParsedUnit } from '../../../src/code/front-end';
import type { Program, ProgramNode, SourceLine } from '../../../src/code/types';
import { print } from '../../../src/code/walk';
import type { Place } from '../../../src/place';

const require = createRequire(import.meta.url);

let loaded: Promise<FrontEnd> | null = null;

export function frontEnd(): Promise<FrontEnd> {
  loaded ??= createFrontEnd({
    treeSitter: readFileSync(join(dirname(require.resolve('web-tree-sitter')), 'web-tree-sitter.wasm')),
    c: readFileSync(join(dirname(require.resolve('tree-sitter-c/package.json')), 'tree-sitter-c.wasm')),
  });
  return loaded;
}

/** Lines as a new file's hunk would give them: message 0, one column for the sign. */
export function linesOf(text: string, message = 0, added = true): SourceLine[] {
  return text.split('\n').map((line, index) => ({
    text: line,
    at: { kind: 'message', message, line: index + 1, column: 1, endLine: index + 1, endColumn: 1 + line.length, added },
  }));
}

export async function parse(text: string): Promise<ParsedUnit> {
  return (await frontEnd()).parse('drivers/iommu/a.c', linesOf(text), { evidence: 'full', source: 'patch' });
}

/** The only program of the text. */
export async function programOf(text: string): Promise<Program> {
  const unit = await parse(text);
  if (unit.programs.length !== 1) throw new Error(`${unit.programs.length} programs`);
  return unit.programs[0]!;
}

/** `0 if (x) → 1 : 2`, one line a node. */
export function dump(program: Program): string[] {
  return program.nodes.map((node, index) => `${index} ${line(node, index)}`);
}

function line(node: ProgramNode, index: number): string {
  const to = (next: number): string => (next === index + 1 ? '' : ` → ${next}`);
  switch (node.kind) {
    case 'do':
      return `${print(node.expression)}${to(node.next)}`;
    case 'declare':
      return `${node.variable.type} ${node.variable.name}${node.variable.array === null ? '' : `[${print(node.variable.array)}]`}${node.init === null ? '' : ` = ${print(node.init)}`}${to(node.next)}`;
    case 'branch':
      return `${node.loop ? 'loop' : 'if'} (${print(node.condition)}) → ${node.then} : ${node.otherwise}`;
    case 'each':
      return `each ${node.macro}(${node.args.map(print).join(', ')}) → ${node.body} : ${node.next}`;
    case 'switch':
      return `switch (${print(node.subject)}) ${node.cases.map((one) => `${print(one.value)} → ${one.next}`).join(', ')}, default → ${node.otherwise}`;
    case 'return':
      return `return${node.value === null ? '' : ` ${print(node.value)}`}`;
    case 'unknown':
      return `unknown «${node.text}»${to(node.next)}`;
  }
}

/** `12:5-12:9`. */
export function at(place: Place): string {
  if (place.kind !== 'message') return `${place.file}:${place.line}`;
  return `${place.line}:${place.column}-${place.endLine}:${place.endColumn}`;
}
