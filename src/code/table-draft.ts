/**
 * A set of programs while a change is applied to it. Maps are copied when first written, so that a set that a patch does not
 * touch is shared. Two files may define a static function of one name (the two SMMU drivers do): the plain name belongs to the
 * file that had it first, the other one's is kept under `path:name`.
 */
import { fileName } from './file-name';
import type { Expression, Program, ProgramTable, Structure, Table, Unit } from './types';

type Global = Unit['globals'][number];

/** The key of a definition whose plain name belongs to another file. */
export function fileKey(path: string, name: string): string {
  return `${path}:${name}`;
}

/** The key a file's definition has, or would have; files move between folders, so the last part of the path decides. */
function ownKey(map: ReadonlyMap<string, unknown>, path: string, name: string): string {
  const own = fileKey(path, name);
  if (map.has(own)) return own;
  const end = `${fileName(path)}:${name}`;
  for (const key of map.keys())
    if (key.endsWith(end) && (key.length === end.length || key.charAt(key.length - end.length - 1) === '/')) return key;
  return own;
}

export class TableDraft {
  private programs: Map<string, Program> | null = null;
  private tables: Map<string, Table> | null = null;
  private structures: Map<string, Structure> | null = null;
  private constants: Map<string, Expression> | null = null;
  private globals: Map<string, Global> | null = null;

  constructor(private readonly base: ProgramTable) {}

  view(): ProgramTable {
    return this.result(this.base.name);
  }

  private programMap(): ReadonlyMap<string, Program> {
    return this.programs ?? this.base.programs;
  }

  /** The key under which this file's function of that name is kept, or would be. */
  private programKey(path: string, name: string, incoming: Program | null): string {
    const map = this.programMap();
    const own = ownKey(map, path, name);
    if (map.has(own)) return own;
    const plain = map.get(name);
    if (plain === undefined || fileName(plain.file) === fileName(path)) return name;
    // Two non-static functions of one name cannot be: it moved.
    return plain.static || (incoming?.static ?? true) ? own : name;
  }

  hasProgram(path: string, name: string): boolean {
    return this.programMap().has(this.programKey(path, name, null));
  }

  setProgram(path: string, program: Program): void {
    const key = this.programKey(path, program.name, program);
    this.programs ??= new Map(this.base.programs);
    const plain = this.programs.get(program.name);
    // A stub in a header gives way to the function itself, which other files call by its name.
    if (key !== program.name && plain !== undefined && plain.static && !program.static && plain.file.endsWith('.h')) {
      this.programs.set(fileKey(plain.file, plain.name), plain);
      this.programs.set(program.name, program);
    } else this.programs.set(key, program);
  }

  removeProgram(path: string, name: string): void {
    const key = this.programKey(path, name, null);
    if (!this.programMap().has(key)) return;
    this.programs ??= new Map(this.base.programs);
    this.programs.delete(key);
  }

  private tableKey(path: string, name: string): string {
    const map = this.tables ?? this.base.tables;
    const own = ownKey(map, path, name);
    const plain = map.get(name)?.at;
    const foreign = plain?.kind === 'design' && fileName(plain.file) !== fileName(path);
    return map.has(own) || foreign ? own : name;
  }

  table(path: string, name: string): Table | null {
    return (this.tables ?? this.base.tables).get(this.tableKey(path, name)) ?? null;
  }

  setTable(path: string, table: Table): void {
    const key = this.tableKey(path, table.name);
    this.tables ??= new Map(this.base.tables);
    this.tables.set(key, table);
  }

  removeTable(path: string, name: string): void {
    const key = this.tableKey(path, name);
    this.tables ??= new Map(this.base.tables);
    this.tables.delete(key);
  }

  structure(name: string): Structure | null {
    return (this.structures ?? this.base.structures).get(name) ?? null;
  }

  setStructure(structure: Structure): void {
    this.structures ??= new Map(this.base.structures);
    this.structures.set(structure.name, structure);
  }

  setConstant(name: string, value: Expression): void {
    this.constants ??= new Map(this.base.constants);
    this.constants.set(name, value);
  }

  /** Everything of a unit but its programs. */
  addUnit(unit: Unit): void {
    for (const table of unit.tables) this.setTable(unit.file, table);
    for (const structure of unit.structures) this.setStructure(structure);
    for (const constant of unit.constants) this.setConstant(constant.name, constant.value);
    for (const global of unit.globals) {
      this.globals ??= new Map(this.base.globals ?? []);
      this.globals.set(global.variable.name, global);
    }
  }

  result(name: string): ProgramTable {
    const globals = this.globals ?? this.base.globals;
    return {
      name,
      programs: this.programs ?? this.base.programs,
      tables: this.tables ?? this.base.tables,
      structures: this.structures ?? this.base.structures,
      constants: this.constants ?? this.base.constants,
      ...(globals === undefined ? {} : { globals }),
    };
  }
}
