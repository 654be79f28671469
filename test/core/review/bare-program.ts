import type { Program } from '../../../src/code/types';

/** A function without a body, of VFIO's core, told from others by its name and line. */
export function bareProgram(name: string, line: number): Program {
  const at = { kind: 'design', file: 'drivers/vfio/vfio.c', line } as const;
  return {
    name,
    file: at.file,
    parameters: [],
    returns: 'int',
    static: false,
    nodes: [],
    entry: -1,
    evidence: 'full',
    source: 'patch',
    at,
    end: at,
  };
}
