/** Corrections files beside the files of a series. In: a series read from files. Out: their texts; those that are not there are no corrections. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { CorrectionsText } from '../review/corrections';
import type { Series } from '../series/types';
import { FOLDER_SIDECAR, SIDECAR } from './engine';

export interface Sidecars {
  /** `alone`: the series is the only one of the input. */
  of(series: Series, alone: boolean): readonly CorrectionsText[];
}

/** Each file is read once. */
export function openSidecars(): Sidecars {
  const read = new Map<string, string | null>();
  const textOf = (name: string): string | null => {
    const known = read.get(name);
    if (known !== undefined) return known;
    let text: string | null = null;
    try {
      text = readFileSync(name, 'utf8');
    } catch (problem) {
      const code = problem instanceof Error && 'code' in problem ? problem.code : null;
      // What is there and cannot be read is said as a file without a readable text.
      if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'ENAMETOOLONG') text = '';
    }
    read.set(name, text);
    return text;
  };
  return {
    of(series, alone) {
      const names = sidecarNames(
        series,
        (name) => path.dirname(name),
        (folder, file) => path.join(folder, file),
      );
      return names.flatMap((name) => {
        const text = textOf(name);
        return text === null ? [] : [{ name, text, alone }];
      });
    },
  };
}

/** `FILE.doorbell.json` for each file; for a series of several files `series.doorbell.json` in their folder too. */
function sidecarNames(
  series: Series,
  folderOf: (name: string) => string,
  join: (folder: string, file: string) => string,
): string[] {
  const used = new Set(series.messages.map((message) => message.source));
  const sources = series.sources.filter((name, i) => used.has(i) && name !== '-' && name !== 'standard input');
  const names = sources.map((name) => `${name}${SIDECAR}`);
  if (sources.length > 1) for (const folder of new Set(sources.map(folderOf))) names.push(join(folder, FOLDER_SIDECAR));
  return names;
}
