import { placeOf } from '../../code/file-image';
import type { SourceLine } from '../../code/types';
import type { HunkLine } from '../../patch/types';
import type { Place } from '../../place';
import { DEFAULT_DIFFERS, UNIT_DIFFERS, VALUE_DIFFERS } from '../catalog-stated';
import { commitSentences } from '../described/above-cut';
import { statedHit } from './stated-hit';
import { numberIn, sizeSaid } from './stated-numbers';
import {
  codeOf,
  commentText,
  parametersOf,
  type StatedFunction,
  type StatedView,
  statedFunctions,
} from './stated-text';
import type { PatchHit } from './types';

export interface Words {
  readonly text: string;
  readonly at: Place;
}

interface Defined {
  readonly name: string;
  readonly value: number;
  readonly written: string;
  readonly file: string;
  readonly line: SourceLine;
  /** The comment behind the value, or on the line or lines right above; null for none. */
  readonly beside: Words | null;
}

/** Sentences of the commit message. */
const sentencesOf = (view: StatedView): Words[] =>
  commitSentences(view.message, view.change.diffLine).map((sentence) => ({
    text: sentence.text,
    at: { kind: 'message', added: false, ...sentence.at },
  }));

const sourceOf = (line: HunkLine, view: StatedView): SourceLine => ({
  text: line.text,
  at: placeOf(line, view.change.message),
});

/** The constants a patch adds, with plain numbers for values. */
function definesAdded(view: StatedView): Defined[] {
  const found: Defined[] = [];
  for (const file of view.change.files)
    for (const hunk of file.hunks)
      for (const line of hunk.lines) {
        const match =
          line.kind === 'add'
            ? /^\s*#\s*define\s+([A-Z_][A-Z0-9_]*)\s+(.*?)\s*(?:\/\*\s*(.*?)\s*\*\/|\/\/\s*(.*))?\s*$/.exec(line.text)
            : null;
        const value = match === null ? null : numberIn(match[2] ?? '');
        if (match === null || value === null) continue;
        const beside = match[3] ?? match[4];
        found.push({
          name: match[1] ?? '',
          value,
          written: match[2] ?? '',
          file: file.path,
          line: sourceOf(line, view),
          beside: beside === undefined ? null : { text: beside, at: placeOf(line, view.change.message) },
        });
      }
  return found;
}

/** The values of constants that stand in the lines a patch shows without adding them, or takes away: a sentence may speak of these. */
function valuesShown(view: StatedView): ReadonlySet<number> {
  const found = new Set<number>();
  for (const file of view.change.files)
    for (const hunk of file.hunks)
      for (const line of hunk.lines) {
        const written =
          line.kind === 'add'
            ? null
            : /^\s*#\s*define\s+[A-Z_][A-Z0-9_]*\s+(.*?)\s*(?:\/[*/].*)?$/.exec(line.text)?.[1];
        const value = written == null ? null : numberIn(written);
        if (value !== null) found.add(value);
      }
  return found;
}

const LITERAL = String.raw`(0x[0-9a-fA-F_]+|\d+\s?[KMGT](?:i?B)?\b|\d+)(\s*(?:bytes?|bits?|pages?|entries|[KMGT]i?B|ms|us|%|\w+))?`;
/** What may stand between a name and its value. */
const BETWEEN = String.raw`(?:\)|\(|=|:|,|\s|\b(?:is|are|of|to|at|be|set|now|defined|as|equals?|starts?|begins?|a|an|which|it|value|size|long|fixed|currently)\b)*`;

/** The value in a text, in the constant's own terms; null when it is written in others. */
function literal(text: string, unit: string | undefined): number | null {
  const size = sizeSaid(text);
  if (size !== null) return size;
  if (unit !== undefined && !/^\s*bytes?$/.test(unit)) return null;
  const number = Number(text);
  return Number.isNaN(number) ? null : number;
}

const HISTORY =
  /\b(?:was|were|from|instead of|currently|previously|used to|old|before|rather than|than|up to|at least|not|per|each|multiple|aligned|plus|minus|times|or)\b/i;

/** `NAME is 1MB`, and `#define NAME 0x200000`. */
function namedValues(view: StatedView, words: readonly Words[]): PatchHit[] {
  return definesAdded(view).flatMap((one): PatchHit[] => {
    const pattern = new RegExp(`\\b${one.name}\\b${BETWEEN}\\b${LITERAL}`);
    for (const sentence of words) {
      const match = pattern.exec(sentence.text);
      if (match === null || HISTORY.test(sentence.text)) continue;
      const said = literal(match[1] ?? '', match[2]);
      // A version, a section, another name's number.
      // A number composed of fields is not that of one of them.
      if (/^0x/.test(match[1] ?? '') && !/0x|SZ_|BIT|<</.test(one.written)) continue;
      if (said === null || said === one.value || /[.\-\w]/.test(sentence.text.charAt(match.index + match[0].length)))
        continue;
      return statedHit(view, {
        rule: VALUE_DIFFERS,
        at: one.line,
        file: one.file,
        function: null,
        message: `the message says ${match[1]} for ${one.name}, and it is ${one.written}`,
        said: sentence,
      });
    }
    return [];
  });
}

const WHOLE_SIZE = /^(\d+\s?[KMGT](?:i?B)?)$/;
/** A comment that is a size and nothing else, behind a value that is another. */
function besideValues(view: StatedView): PatchHit[] {
  return definesAdded(view).flatMap((one): PatchHit[] => {
    if (one.beside === null) return [];
    const said = sizeSaid(WHOLE_SIZE.exec(one.beside.text.replace(/[.]$/, ''))?.[1] ?? '');
    if (said === null || said === one.value || one.value < 1024) return [];
    return statedHit(view, {
      rule: VALUE_DIFFERS,
      at: one.line,
      file: one.file,
      function: null,
      message: `the comment says ${one.beside.text}, and ${one.name} is ${one.written}`,
      said: one.beside,
    });
  });
}

const LIMIT_NAME = /(?:^|_)(?:MAX|LIMIT)(?:_|$)|_(?:MAX|LIMIT|SIZE|LEN|LENGTH|NR|NUM|COUNT)S?$/;
/** “At most 64 …” on the line above `#define …_MAX 128`. */
function commentAboveLimit(view: StatedView): PatchHit[] {
  const hits: PatchHit[] = [];
  const fresh = new Map(definesAdded(view).map((one) => [one.line.at.kind === 'message' ? one.line.at.line : -1, one]));
  for (const file of view.change.files)
    for (const hunk of file.hunks) {
      const lines = hunk.lines.filter((line) => line.kind !== 'delete');
      for (const [i, line] of lines.entries()) {
        const one = fresh.get(line.line);
        const above = lines[i - 1];
        const text = /^\s*\/\*\s*(.*?)\s*\*\/\s*$/.exec(above?.text ?? '')?.[1];
        const next = lines[i + 1];
        // A comment over several constants is not of the first alone.
        if (
          one === undefined ||
          above === undefined ||
          text === undefined ||
          !LIMIT_NAME.test(one.name) ||
          /^\s*#\s*define/.test(next?.text ?? '')
        )
          continue;
        const numbers = [...text.matchAll(/(?<![\w.-])(\d+)(\s?[KMGT]i?B\b)?(?![\w.-])/g)];
        const [number] = numbers;
        if (number === undefined || numbers.length !== 1 || HISTORY_BESIDE.test(text)) continue;
        const said = number[2] === undefined ? Number(number[1]) : sizeSaid(number[0].trim());
        if (said === null || said === one.value || said < 2) continue;
        hits.push(
          ...statedHit(view, {
            rule: VALUE_DIFFERS,
            at: one.line,
            file: file.path,
            function: null,
            message: `the comment says ${number[0].trim()}, and ${one.name} is ${one.written}`,
            said: { text, at: placeOf(above, view.change.message) },
          }),
        );
      }
    }
  return hits;
}
const HISTORY_BESIDE = /\b(?:per|each|times|bits?|aligned|version|section|table|spec|plus|minus)\b|[*+/<]/i;

const NOUNS = ['window', 'region', 'aperture', 'table', 'queue', 'range', 'buffer', 'ring', 'MSI'];
/** “A window of 1MB at 0x8000000”, and the only constants of the patch that are its base and its length are others. */
function wordedWindow(view: StatedView, words: readonly Words[]): PatchHit[] {
  const defines = definesAdded(view);
  const only = (pattern: RegExp): Defined | undefined => {
    const fit = defines.filter((one) => pattern.test(one.name));
    return fit.length === 1 ? fit[0] : undefined;
  };
  const base = only(/_(?:BASE|START|IOVA_BASE)$/);
  const length = only(/_(?:LENGTH|SIZE|LEN)$/);
  const shown = valuesShown(view);
  const hits: PatchHit[] = [];
  for (const sentence of words) {
    if (HISTORY.test(sentence.text) || !NOUNS.some((noun) => new RegExp(`\\b${noun}\\b`, 'i').test(sentence.text)))
      continue;
    const sizes = [...sentence.text.matchAll(/\b\d+\s?[KMGT](?:i?B)?\b/g)];
    const size = sizes.length === 1 ? sizeSaid(sizes[0]?.[0] ?? '') : null;
    if (
      length !== undefined &&
      base !== undefined &&
      size !== null &&
      size !== length.value &&
      length.value >= 4096 &&
      !shown.has(size)
    )
      hits.push(
        ...statedHit(view, {
          rule: VALUE_DIFFERS,
          at: length.line,
          file: length.file,
          function: null,
          message: `the message says ${sizes[0]?.[0]}, and ${length.name} is ${length.written}`,
          said: sentence,
        }),
      );
    const addresses = [...sentence.text.matchAll(/\b0x[0-9a-fA-F_]{5,}\b/g)];
    const address = addresses.length === 1 ? Number((addresses[0]?.[0] ?? '').replaceAll('_', '')) : null;
    if (
      base !== undefined &&
      address !== null &&
      !Number.isNaN(address) &&
      address !== base.value &&
      base.value >= 4096 &&
      !shown.has(address)
    )
      hits.push(
        ...statedHit(view, {
          rule: VALUE_DIFFERS,
          at: base.line,
          file: base.file,
          function: null,
          message: `the message says ${addresses[0]?.[0]}, and ${base.name} is ${base.written}`,
          said: sentence,
        }),
      );
  }
  // Said by name already.
  return hits.filter((hit, i) => hits.findIndex((other) => other.at === hit.at) === i);
}

type Default = 'on' | 'off';
const OFF =
  /\b(?:(?:is |are |stays? |remains? |kept )?(?:off|disabled|false|n|not (?:set|enabled)|inactive) (?:by|as) default|default(?:s|ing|ed)?(?: value)?(?: is| to|:|=)? ?\(?(?:off|false|disabled|n|N|0|no)\b|opt(?:s|ed)?[- ]in\b(?! to\b)|by default,? (?:it|this|the \w+) (?:is|stays) (?:off|disabled))/i;
const ON =
  /\b(?:(?:is |are |stays? )?(?:on|enabled|true|y) (?:by|as) default|default(?:s|ing|ed)?(?: value)?(?: is| to|:|=)? ?\(?(?:on|true|enabled|y|Y|1|yes)\b|opt[- ]out\b)/i;
function defaultSaid(text: string): Default | null {
  const off = OFF.test(text);
  const on = ON.test(text);
  return off === on ? null : off ? 'off' : 'on';
}

interface Switch {
  readonly name: string;
  readonly state: Default;
  readonly file: string;
  readonly at: SourceLine;
  readonly written: string;
  /** Its own description. */
  readonly beside: Words | null;
}

/** The switches a patch adds: module parameters of type bool, and options of Kconfig. */
function switchesAdded(view: StatedView): Switch[] {
  const found: Switch[] = [];
  for (const file of view.change.files)
    for (const hunk of file.hunks) {
      const lines = hunk.lines.filter((line) => line.kind === 'add');
      if (/(?:^|\/)Kconfig/.test(file.path)) {
        for (const [i, line] of lines.entries()) {
          const name = /^config\s+(\w+)/.exec(line.text)?.[1];
          if (name === undefined) continue;
          let state: SourceLine | null = null;
          let isSwitch = false;
          let conditional = false;
          const help: HunkLine[] = [];
          for (const one of lines.slice(i + 1)) {
            if (/^(?:config|menu|endmenu|if|endif|source|choice)\b/.test(one.text)) break;
            if (/^\s+(?:bool|tristate)\s+"/.test(one.text)) isSwitch = true;
            if (/^\s+default\s+y\s*$/.test(one.text)) state = sourceOf(one, view);
            else if (/^\s+default\s/.test(one.text) && !/\bn\s*$/.test(one.text)) conditional = true;
            if (/^\s{2,}\w|^\t {2}/.test(one.text)) help.push(one);
          }
          if (!isSwitch || conditional) continue;
          found.push({
            name,
            state: state === null ? 'off' : 'on',
            file: file.path,
            at: state ?? sourceOf(line, view),
            written: state === null ? 'no default, which is n' : 'default y',
            beside: null,
          });
        }
        continue;
      }
      if (!/\.c$/.test(file.path)) continue;
      for (const line of lines) {
        const name = /\bmodule_param(?:_named)?(?:_unsafe)?\s*\(\s*\w+\s*(?:,\s*(\w+)\s*)?,\s*bool\b/.exec(line.text);
        const parameter = /\bmodule_param(?:_named)?(?:_unsafe)?\s*\(\s*(\w+)/.exec(line.text)?.[1];
        const variable = name?.[1] ?? parameter;
        if (name === null || variable === undefined || parameter === undefined) continue;
        const declared = lines.find((one) =>
          new RegExp(`^(?:static\\s+)?bool\\s+(?:__read_mostly\\s+)?${variable}\\b`).test(one.text),
        );
        if (declared === undefined) continue;
        const value = /=\s*(\w+)\s*;/.exec(declared.text)?.[1] ?? (/\w\s*;/.test(declared.text) ? 'false' : '');
        if (!/^(?:true|false|0|1)$/.test(value)) continue;
        const index = lines.indexOf(line);
        const described = lines
          .slice(index + 1, index + 5)
          .map((one) => one.text.trim())
          .join(' ');
        const text = new RegExp(`MODULE_PARM_DESC\\(\\s*${parameter}\\s*,\\s*((?:"[^"]*"\\s*)+)`).exec(described)?.[1];
        found.push({
          name: parameter,
          state: /^(?:true|1)$/.test(value) ? 'on' : 'off',
          file: file.path,
          at: sourceOf(declared, view),
          written: declared.text.trim(),
          beside: text === undefined ? null : { text, at: placeOf(line, view.change.message) },
        });
      }
    }
  return found;
}

/** “Off by default”, and `default y`, or `= true`. */
function defaults(view: StatedView, sentences: readonly Words[]): PatchHit[] {
  const switches = switchesAdded(view);
  return switches.flatMap((one): PatchHit[] => {
    const words = [
      ...(one.beside === null ? [] : [one.beside]),
      ...sentences.filter(
        ({ text }) =>
          new RegExp(`\\b(?:CONFIG_)?${one.name}\\b`).test(text) ||
          (switches.length === 1 &&
            /\b(?:option|parameter|switch|knob|it|this|which)\b[^.;]{0,60}\bby default\b|^(?:off|on|disabled|enabled) by default\b|\bopt[- ](?:in|out)\b|\b(?:option|parameter|switch|knob)\b[^.;]{0,40}\bdefault/i.test(
              text,
            )),
      ),
    ];
    for (const said of words) {
      const state = defaultSaid(said.text);
      if (state === null || state === one.state) continue;
      return statedHit(view, {
        rule: DEFAULT_DIFFERS,
        at: one.at,
        file: one.file,
        function: null,
        message: `${one.name} is said to be ${state} by default, and is ${one.state}: ${one.written}`,
        said,
      });
    }
    return [];
  });
}

const BYTES = /\b(?:in bytes|bytes|byte count|number of bytes)\b/i;
const PAGES = /\b(?:in pages|number of pages|page count|pages to|count of pages)\b/i;

/** A parameter in bytes that the body takes for pages, or the other way round. */
function units(view: StatedView, one: StatedFunction): PatchHit[] {
  const parameters = parametersOf(one.headText);
  if (parameters === null || one.comment.length === 0) return [];
  const body = codeOf(one.body);
  return one.comment.flatMap((line, i): PatchHit[] => {
    const match = /^\s*\*?\s*@(\w+)\s*:\s*(.*)$/.exec(line.text.replace(/^\s*\/\*\*?/, ''));
    const name = match?.[1] ?? '';
    if (match === null || !parameters.some((parameter) => parameter.name === name && !parameter.type.endsWith('*')))
      return [];
    const next = one.comment[i + 1];
    const more = next !== undefined && /^\s*\*\s{2,}\w/.test(next.text) ? ` ${commentText([next])}` : '';
    const text = `${match[2] ?? ''}${more}`;
    const said = BYTES.test(text) ? 'bytes' : PAGES.test(text) ? 'pages' : null;
    if (said === null || (BYTES.test(text) && PAGES.test(text))) return [];
    // Given another value first: what it stands for then is not the parameter's.
    if (body.some((each) => new RegExp(`(?:^|[^.>\\w])${name}\\s*(?:[-+*/|&]|<<|>>)?=[^=]`).test(each.text))) return [];
    const wrong =
      said === 'bytes'
        ? new RegExp(
            `(?<![\\w.>])${name}\\s*(?:<<\\s*PAGE_SHIFT|\\*\\s*PAGE_SIZE)|PAGE_SIZE\\s*\\*\\s*${name}\\b|\\b\\w*(?:npages|nr_pages|num_pages)\\s*=\\s*${name}\\s*;`,
          )
        : new RegExp(
            `(?<![\\w.>])${name}\\s*(?:>>\\s*PAGE_SHIFT|/\\s*PAGE_SIZE)|PFN_(?:UP|DOWN)\\(\\s*${name}\\s*\\)|PAGE_ALIGN\\(\\s*${name}\\s*\\)`,
          );
    const at = body.find((each) => wrong.test(each.text));
    if (at === undefined) return [];
    return statedHit(view, {
      rule: UNIT_DIFFERS,
      at,
      file: one.file,
      function: one.name,
      message: `the comment gives @${name} in ${said}, and ${one.name}() takes it for ${said === 'bytes' ? 'pages' : 'bytes'}`,
      said: { text, at: line.at },
    });
  });
}

/** Numbers, sizes and defaults that sentences give, against what the patch writes. */
export function valuesAgainst(view: StatedView, words: readonly Words[]): PatchHit[] {
  const named = namedValues(view, words);
  const told = new Set(named.map((hit) => (hit.at.kind === 'message' ? hit.at.line : 0)));
  const windows = wordedWindow(view, words).filter((hit) => hit.at.kind !== 'message' || !told.has(hit.at.line));
  return [...named, ...windows, ...defaults(view, words)];
}

/** Numbers, sizes, defaults and units in the words of a patch, against what it writes. */
export function statedValues(view: StatedView): PatchHit[] {
  const said = valuesAgainst(view, sentencesOf(view));
  const told = new Set(said.map((hit) => (hit.at.kind === 'message' ? hit.at.line : 0)));
  const others = [...besideValues(view), ...commentAboveLimit(view)].filter(
    (hit) => hit.at.kind !== 'message' || !told.has(hit.at.line),
  );
  return [...said, ...others, ...statedFunctions(view).flatMap((one) => units(view, one))];
}
