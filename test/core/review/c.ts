import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createFrontEnd, type FrontEnd } from '../../../src/code/front-end';
import type { Expression, Program, Structure } from '../../../src/code/types';

const require = createRequire(import.meta.url);

/** The front end with the two wasm modules of the installed packages. */
export function frontEnd(): Promise<FrontEnd> {
  return createFrontEnd({
    treeSitter: readFileSync(require.resolve('web-tree-sitter/web-tree-sitter.wasm')),
    c: readFileSync(require.resolve('tree-sitter-c/tree-sitter-c.wasm')),
  });
}

export interface Read {
  readonly programs: ReadonlyMap<string, Program>;
  readonly structures: ReadonlyMap<string, Structure>;
  readonly constants: ReadonlyMap<string, Expression>;
}

/** C text as if a patch added all of it: line n of the text is line n of message 0. `file`: where it stands in the kernel tree. */
export function read(front: FrontEnd, text: string, file = 'drivers/vfio/sample.c'): Read {
  const lines = text.split('\n').map((line, i) => ({
    text: line,
    at: {
      kind: 'message',
      message: 0,
      line: i + 1,
      column: 0,
      endLine: i + 1,
      endColumn: line.length,
      added: true,
    } as const,
  }));
  const unit = front.parse(file, lines, { evidence: 'full', source: 'patch' });
  return {
    programs: new Map(unit.programs.map((p) => [p.name, p])),
    structures: new Map(unit.structures.map((s) => [s.name, s])),
    constants: new Map(unit.constants.map((c) => [c.name, c.value])),
  };
}
