import { placeOf } from '../../code/file-image';
import { NAME_DIFFERS } from '../catalog-stated';
import { commitSentences } from '../described/above-cut';
import { statedHit } from './stated-hit';
import type { StatedView } from './stated-text';
import type { PatchHit } from './types';

const NEW_NAME =
  /\b(?:a |the )?new\s+(?:\w+\s+){0,2}?(?:flag|option|ioctl|capability|region type|type|index|attribute|parameter|command|constant|macro|config|symbol|feature)s?\s+(?:called\s+|named\s+|\()?([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b|^(?:this (?:patch|commit|change)\s+)?(?:add|adds|introduce|introduces|define|defines)\s+(?:a\s+|the\s+|new\s+|an\s+)*([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b/i;
const ELSEWHERE =
  /\b(?:will|later|next|subsequent|following|previous|prior|earlier|already|was|were|had|should|could|would|support|similar|like|based on|reuse)\b/i;

/** “Allocate it with GFP_ATOMIC”, “map it as IOMMU_MMIO”: a constant that this very patch uses. */
const USED =
  /^(?:(?:so |now |therefore |instead |thus |hence )?(?:use|uses|using|set|sets|pass|passes|allocate|allocates|map|maps|report|reports|return|returns|mark|marks|switch|request|requests|attach)\b|this (?:patch|commit|change) (?:uses|sets|passes|maps|reports)\b)[^.;]{0,60}?\b(?:use|uses|using|set|sets|pass|passes|with|as|to|of type)\s+(?:the\s+|a\s+|type\s+|flag\s+)*([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b|^(?:so |now |therefore )?(?:use|uses|set|sets|pass|passes)\s+(?:the\s+)?([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b/i;

const words = (name: string): string[] => name.split('_');

/** A constant or option that the message says is new, and the only one the patch defines of that family goes by another name. */
function newNames(view: StatedView): PatchHit[] {
  const { change } = view;
  if (change.damage.length > 0) return [];
  const lines = change.files.flatMap((file) =>
    file.hunks.flatMap((hunk) => hunk.lines.map((line) => ({ line, file }))),
  );
  const all = lines.map(({ line }) => line.text).join('\n');
  return commitSentences(view.message, change.diffLine).flatMap((sentence): PatchHit[] => {
    const match = NEW_NAME.exec(sentence.text);
    const name = (match?.[1] ?? match?.[2] ?? '').replace(/^CONFIG_/, '');
    // The second form is read in any case, and names only what is written in capitals.
    if (name === '' || name !== name.toUpperCase() || /XXX|_$/.test(name) || ELSEWHERE.test(sentence.text)) return [];
    if (all.includes(name) || words(name).length < 3) return [];
    const made = lines.flatMap(({ line, file }) => {
      const other =
        line.kind === 'add'
          ? /^\s*#\s*define\s+([A-Z]\w+)\b|^\s+([A-Z][A-Z0-9_]+)\s*(?:=[^,]*)?,|^config\s+(\w+)/.exec(line.text)
          : null;
      const found = other?.[1] ?? other?.[2] ?? other?.[3];
      return found === undefined ? [] : [{ found, line, file }];
    });
    const kin = made.filter(({ found }) => {
      const [a, b] = [words(name), words(found)];
      let same = 0;
      while (same < a.length && a[same] === b[same]) same++;
      return same >= 2 && a.length === b.length && same === a.length - 1;
    });
    const [one] = kin;
    if (one === undefined || kin.length !== 1) return [];
    return statedHit(view, {
      rule: NAME_DIFFERS,
      at: { text: one.line.text, at: placeOf(one.line, change.message) },
      file: one.file.path,
      function: null,
      message: `the message speaks of ${name}, and the patch defines ${one.found}`,
      said: { text: sentence.text, at: { kind: 'message', added: false, ...sentence.at } },
    });
  });
}

/** A constant that the message says is used, which no line of the patch has, where the patch adds one other constant of that family. */
function usedNames(view: StatedView): PatchHit[] {
  const { change } = view;
  if (change.damage.length > 0) return [];
  const lines = change.files.flatMap((file) =>
    /\.[ch]$/.test(file.path) ? file.hunks.flatMap((hunk) => hunk.lines.map((line) => ({ line, file }))) : [],
  );
  const all = `${lines.map(({ line }) => line.text).join('\n')}`;
  return commitSentences(view.message, change.diffLine).flatMap((sentence): PatchHit[] => {
    const match = USED.exec(sentence.text);
    const name = match?.[1] ?? match?.[2] ?? '';
    if (name === '' || name !== name.toUpperCase() || /^CONFIG_|XXX|_$/.test(name) || all.includes(name)) return [];
    if (
      ELSEWHERE.test(sentence.text) ||
      /\b(?:not|instead of|rather than|no longer|without|never|from|helper|macro|wrapper|variant|once|if|when)\b/i.test(
        sentence.text,
      )
    )
      return [];
    const family = words(name)[0] ?? '';
    const added = lines.flatMap(({ line, file }) =>
      line.kind === 'add'
        ? [...line.text.matchAll(/\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b/g)].flatMap((one) =>
            words(one[0])[0] === family ? [{ name: one[0], line, file }] : [],
          )
        : [],
    );
    const kinds = new Set(added.map((one) => one.name));
    const [one] = added;
    if (one === undefined || kinds.size !== 1) return [];
    return statedHit(view, {
      rule: NAME_DIFFERS,
      at: { text: one.line.text, at: placeOf(one.line, change.message) },
      file: one.file.path,
      function: null,
      message: `the message speaks of ${name}, and the patch uses ${one.name}`,
      said: { text: sentence.text, at: { kind: 'message', added: false, ...sentence.at } },
    });
  });
}

/** Names of constants in the message against those in the lines. */
export const statedNames = (view: StatedView): PatchHit[] => [...newNames(view), ...usedNames(view)];
