import { STUB_ERRNO } from '../catalog-contracts';
import type { SeriesHit, SeriesRule } from './types';
import type { Definition, Mention, SeriesView } from './view';

/** Errors by which code tells that something is not there: the ones a caller goes on without it for. */
const ABSENT = /^(?:ENODEV|EOPNOTSUPP|ENOSYS|ENOTSUPP|ENOENT|ENXIO|ENOTTY)$/;
const LINES = 14;

/** The error that is all a stub gives, and whether as a pointer; null for any other body. */
function stubError(one: Definition): string | null {
  const body = one.body.replace(/[{}\s]+/g, ' ').trim();
  return /^return (?:ERR_PTR ?\( ?)?-(E[A-Z0-9]+) ?\)? ?;$/.exec(body)?.[1] ?? null;
}

interface Asked {
  readonly errno: string;
  readonly use: Mention;
}

/**
 * The errors a caller tells apart from all others, behind `x = stub(…)`: `x == ERR_PTR(-ENODEV)`, `ret != -ENODEV`, `PTR_ERR(x) == -ENODEV`; null when
 * other errors are not failures to it, or when it cannot be read.
 */
function toldApart(use: Mention): Asked[] | null {
  const before = use.code.bare.slice(0, use.column);
  const result = /(?:^|[\s(])(\w+)\s*=\s*$/.exec(before)?.[1];
  if (result === undefined) return null;
  const asked: Asked[] = [];
  let fails = false;
  for (const [at, line] of use.lines.slice(use.index + 1, use.index + 1 + LINES).entries()) {
    if (line.bare.startsWith('}') || new RegExp(`\\b${result}\\s*=[^=]`).test(line.bare)) break;
    const error = new RegExp(
      `\\b(?:PTR_ERR\\s*\\(\\s*)?${result}\\b\\s*\\)?\\s*([!=]=)\\s*(?:ERR_PTR\\s*\\(\\s*)?-(E[A-Z0-9]+)`,
    ).exec(line.bare);
    const next = use.lines[use.index + 2 + at]?.bare.trim() ?? '';
    if (error?.[2] !== undefined) {
      // Handed on all the same: nothing hangs on it.
      if (error[1] === '==' && new RegExp(`^return\\b.*\\b${result}\\b`).test(next)) return null;
      asked.push({ errno: error[2], use });
      if (error[1] === '!=') fails = true;
    } else if (
      new RegExp(`\\bif \\((?:unlikely\\()?(?:IS_ERR\\s*\\(\\s*${result}\\b|${result}\\)|${result} < 0)`).test(
        line.bare,
      )
    )
      fails = true;
  }
  return fails && asked.length > 0 ? asked : null;
}

/** A stub that says by one error what its caller only knows by another: with the option off, what should be left out fails. */
export const stubErrno: SeriesRule = (view: SeriesView) => {
  const hits: SeriesHit[] = [];
  for (const [name, all] of view.definitions) {
    const stub = all
      .filter((one) => one.kind === 'function' && one.inline && one.file.path.endsWith('.h') && one.state !== 'removed')
      .at(-1);
    const gives = stub === undefined ? null : stubError(stub);
    if (stub === undefined || gives === null || !ABSENT.test(gives)) continue;
    for (const use of view.mentions.get(name) ?? []) {
      if (use.role !== 'call' || use.line.kind === 'delete' || use.code.guards.length > 0) continue;
      const asked = toldApart(use);
      const absent = asked?.filter((one) => ABSENT.test(one.errno)) ?? [];
      if (asked === null || absent.length === 0 || asked.some((one) => one.errno === gives)) continue;
      const fixed = all.find((one) => one.patch > Math.max(stub.patch, use.patch) && one.changed && one.inline);
      hits.push({
        rule: STUB_ERRNO,
        at: { patch: stub.patch, file: stub.file, line: stub.line.line },
        function: name,
        message: `The stub of ${name}() gives -${gives}, and ${use.code.inside ?? 'its caller'}() goes on without it for -${absent.map((one) => one.errno).join(', -')} only`,
        why: [
          {
            text: 'with the option off, the caller fails where it should go on as if nothing were there',
            reference: null,
          },
        ],
        related: [{ patch: use.patch, file: use.file, line: use.line.line, message: 'called here' }],
        fixedBy: fixed?.patch ?? null,
      });
      break;
    }
  }
  return hits;
};
