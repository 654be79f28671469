/** The panel's words in the user's language. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Word } from './words';

/** A sentence with its places filled in: `say('Event {0} of {1}', 5, 155)`. */
export type Say = (word: Word, ...values: readonly (string | number)[]) => string;

/** Speaks with the given translations; a word without one is said in English. */
export function speaker(words: Readonly<Record<string, string>>): Say {
  return (word, ...values) =>
    (words[word] ?? word).replace(/\{(\d)\}/g, (place, index: string) => String(values[Number(index)] ?? place));
}

export const Speech = createContext<Say>(speaker({}));

export function useSay(): Say {
  return useContext(Speech);
}
