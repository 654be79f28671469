/**
 * From a design's C texts to a program set. In: a design and the front end. Out: its programs, with those of the designs it
 * amends below them; later definitions replace earlier ones of the same name.
 */
import { fileName } from '../code/file-name';
import type { FrontEnd } from '../code/front-end';
import { fileKey } from '../code/table-draft';
import type { Program, SourceLine, Unit } from '../code/types';
import { designs } from './designs/index';
import type { DesignSource, ProgramSet } from './types';

type Definitions = {
  -readonly [K in 'programs' | 'tables' | 'structures' | 'constants']: Map<
    string,
    ProgramSet[K] extends ReadonlyMap<string, infer V> ? V : never
  >;
} & {
  globals: Map<string, Unit['globals'][number]>;
};

/** The lines of a design's file, each with its place. */
export function designLines(name: string, file: string, text: string): SourceLine[] {
  return text
    .split('\n')
    .map((line, i) => ({ text: line, at: { kind: 'design', file: `${name}/${file}`, line: i + 1 } as const }));
}

/** All programs of a design, those of its bases first. An unknown base counts as none. */
export function programSet(
  design: DesignSource,
  frontEnd: FrontEnd,
  among: readonly DesignSource[] = designs,
): ProgramSet {
  const chain: DesignSource[] = [];
  for (
    let at: DesignSource | undefined = design;
    at && !chain.includes(at);
    at = among.find((d) => d.name === chain[0]?.base)
  )
    chain.unshift(at);
  const units: Unit[] = [];
  for (const one of chain) {
    for (const [file, text] of Object.entries(one.files))
      units.push(frontEnd.parse(file, designLines(one.name, file, text), { evidence: 'full', source: 'design' }));
  }
  return mergeUnits(
    { name: design.name, programs: new Map(), tables: new Map(), structures: new Map(), constants: new Map() },
    units,
    design.name,
  );
}

/** The plain name belongs to the file that had it first; a static function of that name in another file has a key of its own. */
function programKey(programs: ReadonlyMap<string, Program>, program: Program): string {
  const plain = programs.get(program.name);
  if (plain === undefined || fileName(plain.file) === fileName(program.file)) return program.name;
  return plain.static && program.static ? fileKey(program.file, program.name) : program.name;
}

/** A set with units laid over it: what they define replaces what was there under the same name in the same file. */
export function mergeUnits(set: ProgramSet, units: readonly Unit[], name: string): ProgramSet {
  const into: Definitions = {
    programs: new Map(set.programs),
    tables: new Map(set.tables),
    structures: new Map(set.structures),
    constants: new Map(set.constants),
    globals: new Map(set.globals ?? []),
  };
  const tableOwners = new Map<string, string>();
  for (const unit of units) {
    for (const program of unit.programs) into.programs.set(programKey(into.programs, program), program);
    for (const table of unit.tables) {
      const owner = tableOwners.get(table.name);
      if (owner === undefined) tableOwners.set(table.name, unit.file);
      into.tables.set(
        owner === undefined || fileName(owner) === fileName(unit.file) ? table.name : fileKey(unit.file, table.name),
        table,
      );
    }
    for (const structure of unit.structures) into.structures.set(structure.name, structure);
    for (const constant of unit.constants) into.constants.set(constant.name, constant.value);
    for (const global of unit.globals) into.globals.set(global.variable.name, global);
  }
  return { name, ...into };
}
