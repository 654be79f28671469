import type { Program } from '../../code/types';
import { calleeOf, callsOf, expressionsOf, namesIn } from '../../code/walk';
import type { Place } from '../../place';
import { OLD_NAME_LEFT } from '../catalog-bisect';
import type { PathRule, RuleHit } from './types';

function declared(program: Program): ReadonlyMap<string, Place> {
  const names = new Map<string, Place>();
  for (const one of program.parameters) names.set(one.name, one.at);
  for (const node of program.nodes)
    if (node.kind === 'declare' && !/\bextern\b/.test(node.variable.type)) names.set(node.variable.name, node.at);
  return names;
}

/** A read or write of the plain name; a call of a function or macro of that name is none. */
function useOf(program: Program, name: string): Place | null {
  for (const node of program.nodes)
    if (expressionsOf(node).some((expression) => namesIn(expression).has(name))) return node.at;
  return null;
}

/** The mail that the newest line of the function stands in. */
function newest(program: Program): number {
  let last = -1;
  for (const { at } of [program, ...program.nodes]) if (at.kind === 'message') last = Math.max(last, at.message);
  return last;
}

/**
 * Do both places stand in one hunk of the patch? Behind a gap the text may be another function's: what names it there is the file before the
 * patch.
 */
function together(program: Program, from: Place, use: Place): boolean {
  if (from.kind !== 'message' || use.kind !== 'message' || from.message !== use.message || use.line < from.line)
    return false;
  if (use.message !== newest(program)) return false;
  return !program.nodes.some(
    (node) =>
      node.kind === 'unknown' &&
      node.gap === true &&
      node.at.kind === 'message' &&
      node.at.line > from.line &&
      node.at.line <= use.line,
  );
}

/** May a macro, or text that nobody could read, declare the name? */
function mayDeclare(program: Program, name: string): boolean {
  const word = new RegExp(`\\b${name}\\b`);
  return program.nodes.some(
    (node) =>
      (node.kind === 'unknown' && node.gap !== true && word.test(node.text)) ||
      callsOf(node).some(
        (call) =>
          /^[A-Z_]{4,}\w*$/.test(calleeOf(call) ?? '') &&
          call.args.some((arg) => arg.kind === 'name' && arg.name === name),
      ),
  );
}

/**
 * A parameter or variable that the patch takes away from a function, or gives another name, while a line of it still uses the old
 * name: in sight, or, for a parameter that the lines in sight use by its new name alone, in what of the body is out of sight.
 */
export const oldNameRule: PathRule = (program, { before, constants, globals }) => {
  const old = before?.() ?? null;
  if (old === null || old.name !== program.name || program.evidence === 'spliced') return [];
  const headHidden = program.parameters.length === 0;
  const now = declared(program);
  const hits: RuleHit[] = [];
  for (const [name, from] of declared(old)) {
    if (now.has(name) || constants?.has(name) === true || globals?.has(name) === true) continue;
    if (headHidden && old.parameters.some((one) => one.name === name)) continue;
    const use = useOf(program, name);
    if (use !== null && together(program, from, use) && !mayDeclare(program, name))
      hits.push({
        rule: OLD_NAME_LEFT,
        at: use,
        message: `${program.name}() does not declare ${name} any more, and uses it here`,
        key: name,
        why: [{ text: 'the function does not compile, or means another variable of that name', reference: null }],
        related: [{ at: from, message: `${name} stood here` }],
      });
  }
  if (hits.length > 0 || program.evidence !== 'fragment' || headHidden) return hits;
  // One parameter of a function that is in sight in part got another name in its place.
  const place = old.parameters.findIndex((one) => !program.parameters.some((other) => other.name === one.name));
  const was = old.parameters[place];
  const is = program.parameters[place];
  if (was === undefined || is === undefined || old.parameters.length !== program.parameters.length) return hits;
  if (old.parameters.some((one) => one.name === is.name) || was.type !== is.type || /unused|^_/.test(was.name))
    return hits;
  // The body declares the old name anew.
  if (now.has(was.name)) return hits;
  if (useOf(old, was.name) !== null || useOf(program, is.name) === null) return hits;
  hits.push({
    rule: OLD_NAME_LEFT,
    at: is.at.kind === 'message' && is.at.added ? is.at : program.at,
    message: `${program.name}() calls its parameter ${is.name} from here on, and no line of the patch converts a use of ${was.name}`,
    key: was.name,
    why: [{ text: 'what of the body the mail does not show uses the old name', reference: null }],
    related: [{ at: was.at, message: `${was.name} stood here` }],
  });
  return hits;
};
