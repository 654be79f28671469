/**
 * Two steps of a teardown in the contrary order. In: the lines of a patch. Out: what is given back now before it is stopped, where the
 * lines taken out stopped it first. The two may stand in another function than before; the calls and what they are given tell them.
 */
import { placeOf } from '../../code/file-image';
import type { HunkLine } from '../../patch/types';
import { RELEASED_BEFORE_STOPPED } from '../catalog-lifetime';
import type { PatchHit, PatchRule } from './types';

/** After these nothing finds the object, or comes to it, any more. */
const STOPS =
  /(?:^|_)(?:shutdown|unlink|unregister|list_del|hlist_del|hash_del|rb_erase|erase|disconnect|stop|cancel|disable|quiesce|drain|flush|synchronize|kill|unhash|detach|unsubscribe|remove_wait_queue)(?:_(?:\w+))?$/;
const GIVES_BACK =
  /^(?:k|kv|v|kmem_cache_)free(?:_\w+)?$|(?:^|_)(?:put|fput|free|unref|destroy)$|_put_(?:ctx|noidle|sync|device)$/;
const CALL = /^(\s*)(\w+)\(\s*(&?\w[\w.>[\]-]*)\s*(?:,[^;]*)?\);\s*$/;
/** So many statements apart they still belong together. */
const NEAR = 3;

interface Step {
  readonly name: string;
  readonly arg: string;
  readonly indent: string;
  readonly line: HunkLine;
}

interface PairOf {
  readonly first: Step;
  readonly second: Step;
}

function pairs(lines: readonly HunkLine[], first: RegExp, second: RegExp): PairOf[] {
  const said = lines.filter((line) => line.text.trim() !== '');
  const steps = said.map((line): Step | null => {
    const match = CALL.exec(line.text);
    return match === null
      ? null
      : { indent: match[1] ?? '', name: match[2] ?? '', arg: (match[3] ?? '').replace(/^&/, ''), line };
  });
  const found: PairOf[] = [];
  for (const [index, one] of steps.entries()) {
    if (one === null || !first.test(one.name)) continue;
    for (let next = index + 1; next <= Math.min(index + NEAR, steps.length - 1); next++) {
      const other = steps[next];
      // What is no plain call may leave, or belong to another block.
      if (other == null) break;
      if (other.indent === one.indent && second.test(other.name)) found.push({ first: one, second: other });
    }
  }
  return found;
}

/** Does the step stop the object whose member the other gives back? */
const belongs = (stop: Step, back: Step): boolean => {
  const root = /^\w+/.exec(stop.arg)?.[0] ?? '';
  return stop.name !== back.name && back.arg.startsWith(`${root}->`) && !stop.arg.startsWith(back.arg);
};

/** What others still reach is given back before it is taken from them; the patch turns the order round. */
export const teardownOrderRule: PatchRule = ({ change, after }) => {
  const hits: PatchHit[] = [];
  for (const file of change.files) {
    if (file.combined || !/\.[ch]$/.test(file.path)) continue;
    const image = (kind: 'add' | 'delete', one: RegExp, other: RegExp): PairOf[] =>
      file.hunks
        .flatMap((hunk) =>
          pairs(
            hunk.lines.filter((line) => line.kind === 'context' || line.kind === kind),
            one,
            other,
          ),
        )
        .filter(({ first, second }) => first.line.kind === kind || second.line.kind === kind);
    const before = image('delete', STOPS, GIVES_BACK).filter(({ first, second }) => belongs(first, second));
    if (before.length === 0) continue;
    for (const { first: back, second: stop } of image('add', GIVES_BACK, STOPS)) {
      if (!belongs(stop, back)) continue;
      const was = before.find((one) => one.first.name === stop.name && one.second.name === back.name);
      if (was === undefined || field(was.second.arg) !== field(back.arg)) continue;
      const at = placeOf(back.line, change.message);
      const inside = after.touched.find(
        ({ file: path, program }) =>
          path === file.path &&
          program?.at.kind === 'message' &&
          program.end.kind === 'message' &&
          program.at.line <= back.line.line &&
          back.line.line <= program.end.line,
      );
      hits.push({
        rule: RELEASED_BEFORE_STOPPED,
        at,
        message: `${back.name}() gives ${back.arg} back before ${stop.name}(); it was the other way round`,
        why: [{ text: `until ${stop.name}() others may still use ${back.arg}`, reference: null }],
        related: [
          { at: placeOf(stop.line, change.message), message: `${stop.name}() comes only here` },
          { at: placeOf(was.first.line, change.message), message: 'it came first' },
        ],
        file: file.path,
        function: inside?.name ?? null,
      });
    }
  }
  return hits;
};

const field = (arg: string): string => arg.slice(arg.indexOf('->'));
