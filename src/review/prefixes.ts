import type { Amended } from '../code/bodies';
import { begin } from '../code/bodies';
import type { FrontEnd } from '../code/front-end';
import type { SourceLine } from '../code/types';
import { wantedBlobs } from '../code/whole-file';
import { designs } from '../host/designs/index';
import { designLines, programSet } from '../host/programs';
import type { DesignSource, ProgramSet } from '../host/types';
import { parseChange } from '../patch/parse';
import type { Change } from '../patch/types';
import type { Series } from '../series/types';

/** Gives a design's programs that were read before, or null: then its C is read now. */
export type PreparedDesigns = (name: string) => ProgramSet | null;

/** A design made ready to be amended, base designs first. */
export function baseOf(name: string | null, frontEnd: FrontEnd, prepared: PreparedDesigns = () => null): Amended {
  const chain: DesignSource[] = [];
  for (
    let at = designs.find((d) => d.name === name);
    at !== undefined && !chain.includes(at);
    at = designs.find((d) => d.name === chain[0]?.base)
  )
    chain.unshift(at);
  const last = chain.at(-1);
  const texts = new Map<string, readonly SourceLine[]>();
  for (const design of chain)
    for (const [file, text] of Object.entries(design.files)) texts.set(file, designLines(design.name, file, text));
  const set =
    last === undefined
      ? { name: 'none', programs: new Map(), tables: new Map(), structures: new Map(), constants: new Map() }
      : (prepared(last.name) ?? programSet(last, frontEnd));
  return begin({ set, texts });
}

/** The changes of a series, one a patch. */
export function changesOf(series: Series): Change[] {
  return series.patches.flatMap((patch) => {
    const message = series.messages[patch.message];
    return message === undefined ? [] : [parseChange(message)];
  });
}

/** The ids of the blobs that a checkout may know of a series: to be fetched before its review, and handed to it. */
export function blobsNamed(series: Series): string[] {
  return wantedBlobs(changesOf(series));
}
