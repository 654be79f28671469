/**
 * The kinds of claims that are understood: which terms a sentence must name to make one. In: the terms of a sentence and of what stands before it.
 * Out: the kind. Each kind is told in `docs/claims.md`. A rule here speaks the language of the field, never that of one mail.
 */
import { isQuestion } from './mood';
import type { Term, Terms } from './vocabulary';

/** A sentence as the kinds hear it. */
export interface Heard {
  readonly text: string;
  readonly terms: Terms;
  /** Terms of the sentences before it in its paragraph, and of the subject. */
  readonly before: Terms;
  /** Terms of the subject line alone. */
  readonly subject: Terms;
}

export interface Kind {
  readonly id: string;
  readonly fits: (heard: Heard) => boolean;
  /** What a plain sentence of this kind does: state what is, or say what the change brings. */
  readonly usual: 'states' | 'adds';
  /** Terms by which a following sentence goes on about the same. */
  readonly own: readonly Term[];
  /** The kind is worded with a negation of its own, which is no denial. */
  readonly negative?: true;
  /** What denies it, where a “not” may as well belong to it: “never translated” affirms a bypass, “does not bypass” denies it. */
  readonly denial?: RegExp;
  /** It speaks of hardware: a comment of the code may say it too. */
  readonly hardware?: true;
  /** A question of this kind can be answered. */
  readonly asked?: true;
}

const all = (heard: Heard, ...terms: readonly Term[]): boolean => terms.every((term) => heard.terms.has(term));
const any = (heard: Heard, ...terms: readonly Term[]): boolean => terms.some((term) => heard.terms.has(term));
const known = (heard: Heard, ...terms: readonly Term[]): boolean =>
  terms.some((term) => heard.terms.has(term) || heard.before.has(term));
const says = (heard: Heard, words: RegExp): boolean => words.test(heard.text);

const DOORBELL =
  /\b(?:doorbells?|msi (?:pages?|mappings?|iovas?|frames?|bindings?|windows?|address(?:es)?)|(?:iova|window|frame) pages?)\b/i;
const BINDING = /\b(?:mappings?|iovas?|bindings?)\b/i;
const UNDONE =
  /\b(?:unmap(?:s|ped|ping)?|t(?:ear|ears|orn|earing) down|g(?:ive|ives|iven|iving) back|(?:release|remove)[sd]?|releasing|removing|free[sd]?|freeing|drop(?:s|ped|ping)?|returned to the (?:window|pool)|destroy(?:s|ed)?)\b/i;
const END_OF_LIFE =
  /\b(?:disabl(?:e|es|ed|ing)|tear-?down|tear(?:s|ing)? down|last (?:vector|user|reference)|no longer (?:used|needed|in use)|unused|shut ?down|goes away|go away|(?:is|are) (?:closed|released|freed|detached|gone)|on (?:release|free|detach|close)|detach(?:ed|es|ing)?|before .*\b(?:is|are) (?:closed|released|freed)|vectors? (?:is|are) (?:freed|released|disabled)|error paths?|when .* fails?)\b/i;
const CAPABILITY =
  /\b(?:IOMMU_CAP_INTR_REMAP|INTR_REMAP|interrupt[ -]remapping capability|interrupt[ -]isolation capability)\b/i;
const DROPPED =
  /\b(?:no longer|stop(?:s|ped)?|do(?:es)? not|don't|doesn't|must not|should not|shouldn't|drop(?:s|ped)?|remov(?:e|es|ed)|withdraw(?:s|n)?|clear(?:s|ed)?|neither|none of|no (?:smmu|iommu|driver)\w*)\b/i;
const OVERLAP = /\b(?:overlap(?:s|ping)?|collid(?:e|es|ing)|intersect(?:s|ing)?|conflict(?:s|ing)?|disjoint)\b/i;
const REFUSED = /\b(?:refus|reject|fail|check|verif|den(?:y|ies)|EINVAL|EBUSY|EEXIST|make sure|ensure)/i;
const WINDOW =
  /\b(?:windows?|reserved (?:iova )?(?:range|region|area)s?|msi (?:iova )?(?:range|region)s?|iova ranges?)\b/i;
/** “Is translated by the SMMU”, “go through the IOMMU”. */
const TRANSLATED =
  /\bMSIs?\b[^.;]{0,80}\b(?:translated|conveyed|go(?:es)?|pass(?:es|ed)?|travers\w*|routed|subject)\b[^.;]{0,24}\b(?:iommus?|smmu(?:v[23])?s?|vt-?d|amd-?vi|pamu|translation)\b/i;
const MUST_MAP =
  /\b(?:must|need(?:s|ed)?|require[sd]?|has to|have to|without|unless|only if)\b[^.;]{0,50}\b(?:mapp?(?:ing|ed|ings)|bindings?)\b|\b(?:mapp?(?:ing|ed|ings)|bindings?)\b[^.;]{0,30}\b(?:must|has to|have to|is (?:needed|required))\b/i;
const ARRIVE = /\b(?:reach(?:es)?|arriv\w+|get through|deliver\w*|lost)\b/i;
/** “Built by the driver”, “the driver fills the table”. */
const OWNED =
  /\btables?\b[^.;]{0,30}\b(?:built|set up|populated|filled|managed|maintained|created|owned|programmed)\b[^.;]{0,16}\bby\b|\b(?:builds|sets up|populates|fills|manages|maintains|creates|owns|programs)\b[^.;]{0,40}\btables?\b/i;
/** What hardware does with an id. */
const LOOKS_UP =
  /\b(?:index(?:ed|es)?|look(?:s|ed)? (?:up|at)|compar\w+|check(?:s|ed)?|match(?:es|ed)?|reject\w*|translat\w+|identif\w+|convey\w*|outputs?|validat\w+|verif\w+|keeps?|isolat\w+|raise)\b/i;
/** “Will be used by the next patch”. */
const LATER_PATCH =
  /\b(?:will|to|going to|is|are) be (?:used|called|added|removed|needed|converted|replaced|dropped|implemented|extended)\b[^.;]{0,30}\b(?:in|by|with|from) (?:the |a |some )?(?:next|following|subsequent|later|upcoming) patch(?:es)?\b/i;
const WRITTEN_RANGE = /\b0x[0-9a-f_]{6,}|\b[0-9a-f_]{8,}h\b/i;
const HEDGED = /\bwhether\b/i;

/** By its name, or as “the capability” in a text that has named it before. */
const namesCapability = (heard: Heard): boolean =>
  says(heard, CAPABILITY) || (heard.before.has('capability') && says(heard, /\b(?:the|this|that) capability\b/i));

/** In the order in which they are asked; the first that fits is the kind. */
export const KINDS: readonly Kind[] = [
  {
    id: 'no-functional-change',
    fits: (h) => says(h, /\bno (?:intended )?functional changes?\b|\bno change (?:in|of) behaviou?r\b/i),
    usual: 'states',
    own: [],
    negative: true,
  },
  {
    id: 'later-patch',
    fits: (h) => says(h, LATER_PATCH),
    usual: 'states',
    own: [],
  },
  {
    id: 'unmap-on-disable',
    fits: (h) =>
      says(h, UNDONE) &&
      says(h, END_OF_LIFE) &&
      (says(h, DOORBELL) || (says(h, BINDING) && known(h, 'msi', 'doorbell', 'window'))) &&
      !says(h, /\bdma[-_ ](?:un)?map/i),
    usual: 'adds',
    own: [],
  },
  {
    id: 'window-checked',
    fits: (h) => says(h, WINDOW) && says(h, OVERLAP) && says(h, REFUSED),
    usual: 'adds',
    own: [],
    negative: true,
  },
  {
    id: 'capability-meaning',
    fits: (h) =>
      (all(h, 'capability') || (known(h, 'capability') && all(h, 'someCapability'))) && all(h, 'means', 'isolation'),
    usual: 'states',
    own: [],
  },
  {
    id: 'isolation-condition',
    fits: (h) => known(h, 'capability') && all(h, 'isolation', 'shared') && any(h, 'interrupts', 'page', 'doorbell'),
    usual: 'states',
    own: ['capability'],
    negative: true,
  },
  {
    id: 'capability-dropped',
    fits: (h) => namesCapability(h) && says(h, DROPPED) && !says(h, HEDGED),
    usual: 'adds',
    own: [],
    negative: true,
    asked: true,
  },
  {
    id: 'capability-claimed',
    fits: (h) => namesCapability(h) && all(h, 'claim') && !says(h, DROPPED) && !says(h, HEDGED) && !all(h, 'not'),
    usual: 'adds',
    own: [],
    asked: true,
  },
  {
    id: 'enable-or-error',
    fits: (h) => all(h, 'msixRange', 'error') && (all(h, 'short') || says(h, /\bprogrammed\b/i)),
    usual: 'states',
    own: ['msixRange'],
    asked: true,
  },
  {
    id: 'mapped-below-vfio',
    fits: (h) =>
      all(h, 'lower') &&
      ((all(h, 'allocate', 'iova') && any(h, 'address', 'msi')) || (all(h, 'fixup') && any(h, 'vfio', 'msi'))),
    usual: 'states',
    own: ['fixup'],
  },
  {
    id: 'window-on-domain',
    fits: (h) =>
      all(h, 'iommuCore', 'window', 'register') &&
      !any(h, 'msixRange', 'rewrite') &&
      !(all(h, 'user') && !all(h, 'interface')),
    usual: 'adds',
    own: ['iommuCore'],
  },
  {
    id: 'no-fixed-window',
    fits: (h) => all(h, 'fixedRange', 'not', 'unavoidable') && any(h, 'interface', 'user', 'register'),
    usual: 'states',
    own: [],
    negative: true,
  },
  {
    id: 'msi-told-apart',
    fits: (h) => all(h, 'msi', 'tell') && any(h, 'dmaWrite'),
    usual: 'states',
    hardware: true,
    own: [],
    asked: true,
  },
  {
    id: 'provisioning',
    fits: (h) =>
      all(h, 'amount') &&
      any(h, 'iova', 'window', 'page') &&
      any(h, 'provision', 'msi', 'doorbell') &&
      any(h, 'user', 'msi', 'doorbell'),
    usual: 'states',
    own: [],
    asked: true,
  },
  {
    id: 'code-not-built',
    fits: (h) =>
      all(h, 'built') &&
      says(h, /\b[\w-]+\.[ch]\b/) &&
      (all(h, 'not', 'everywhere') || says(h, /\b(?:only|unless|without|depends?)\b[^.]*\bCONFIG_\w+/i)),
    usual: 'states',
    own: [],
    negative: true,
  },
  {
    id: 'msi-bypass',
    fits: (h) =>
      (all(h, 'bypass') && any(h, 'msi', 'interruptMessage') && any(h, 'iommu', 'range')) ||
      (all(h, 'interruptMessage') && (all(h, 'range') || says(h, WRITTEN_RANGE)) && any(h, 'x86', 'address')),
    denial: /\b(?:not|never|no|n't)\b[^.;]{0,20}\bby-?pass|\b(?:is|are|be) translated\b/i,
    usual: 'states',
    hardware: true,
    own: [],
  },
  {
    id: 'isolation-of-frame',
    fits: (h) =>
      any(h, 'gicv2m', 'mbi', 'pamu') &&
      !any(h, 'its', 'capability') &&
      (all(h, 'isolation') ||
        all(h, 'shared', 'interrupts') ||
        all(h, 'foreign') ||
        (all(h, 'not') && (says(h, /\btranslat/i) || any(h, 'someCapability', 'deviceId', 'sourceId')))),
    usual: 'states',
    hardware: true,
    own: [],
  },
  {
    id: 'table-owner',
    fits: (h) =>
      all(h, 'table', 'driver') &&
      says(h, OWNED) &&
      (known(h, 'its', 'remapping', 'msi', 'deviceId') || says(h, /\birq-[\w-]+\.c\b/)),
    usual: 'states',
    own: [],
    asked: true,
  },
  {
    id: 'remapping-in-space',
    fits: (h) =>
      all(h, 'remapping', 'addressSpace') &&
      says(h, /\b(?:fit|within|inside|constrain|different|provided|given)\w*\b/i),
    usual: 'states',
    own: [],
  },
  {
    id: 'isolation-by-tables',
    fits: (h) =>
      (all(h, 'its') &&
        (any(h, 'isolation', 'granularity', 'foreign') ||
          (says(h, LOOKS_UP) && any(h, 'deviceId', 'eventId')) ||
          (all(h, 'someCapability') && says(h, /\bprovides?\b|\bhas\b|\bgives?\b/i) && !all(h, 'capability')))) ||
      (all(h, 'deviceId') &&
        says(h, LOOKS_UP) &&
        any(h, 'eventId', 'table') &&
        any(h, 'interrupts', 'msi', 'isolation')) ||
      (all(h, 'sourceId') &&
        says(h, LOOKS_UP) &&
        any(h, 'table', 'isolation', 'foreign') &&
        known(h, 'remapping', 'msi', 'interrupts')) ||
      (all(h, 'remapping') &&
        any(h, 'x86', 'vtd', 'amdvi', 'phb') &&
        (any(h, 'granularity', 'isolation', 'foreign') || all(h, 'table', 'perDevice') || says(h, /\bmanages\b/i))) ||
      (all(h, 'phb') && any(h, 'isolation', 'foreign')),
    usual: 'states',
    hardware: true,
    own: ['its', 'deviceId', 'sourceId', 'eventId', 'table', 'granularity'],
  },
  {
    id: 'address-rewritten',
    fits: (h) => all(h, 'rewrite', 'address') && any(h, 'iova', 'window') && any(h, 'vfio', 'msi', 'driver'),
    usual: 'adds',
    own: [],
  },
  {
    id: 'window-registered',
    fits: (h) => all(h, 'window', 'register') && any(h, 'user', 'vfio') && !all(h, 'unavoidable'),
    usual: 'adds',
    own: [],
  },
  {
    id: 'msi-translated',
    fits: (h) =>
      all(h, 'msi') &&
      ((says(h, TRANSLATED) && !all(h, 'bypass')) || (says(h, MUST_MAP) && says(h, ARRIVE) && !says(h, /\bunmap/i))),
    denial:
      /\b(?:needs? no|no need (?:of|for)|not (?:be )?(?:translated|need|require)|(?:does|do)(?: not|n't) (?:need|require|go through|pass through)|never (?:translated|needs?))\b/i,
    usual: 'states',
    hardware: true,
    own: [],
  },
  {
    id: 'doorbell-target',
    fits: (h) => all(h, 'mapping', 'frame') && any(h, 'iova', 'msi') && all(h, 'ram') && !says(h, /\bunmap/i),
    usual: 'states',
    hardware: true,
    own: [],
    negative: true,
  },
  {
    id: 'range-never-ram',
    fits: (h) => all(h, 'neverBacked') && any(h, 'range', 'addressSpace', 'iova') && all(h, 'ram'),
    usual: 'states',
    own: [],
    negative: true,
    asked: true,
  },
  {
    id: 'doorbell-mapped',
    fits: (h) =>
      says(h, /\b(?:doorbells?|msi (?:controller )?(?:frames?|pages?|address(?:es)?))\b/i) &&
      says(h, /\bmap(?:s|ped|ping)?\b/i) &&
      !says(h, /\bunmap/i),
    usual: 'adds',
    own: [],
  },
  {
    id: 'platform-in-scope',
    fits: (h) =>
      all(h, 'covers', 'scope') &&
      says(h, /\b(?:it|this|these|series|patch(?:es|set)?|we)\b/i) &&
      !all(h, 'not') &&
      (['x86', 'arm', 'powerpc', 'riscv'] as const).some(
        (platform) => h.terms.has(platform) && !h.subject.has(platform),
      ) &&
      known(h, 'msi', 'iommu', 'vfio'),
    usual: 'states',
    own: [],
  },
];

/** The kind of claim that a sentence makes; null when it makes none that is understood. A question counts only where an answer can be given. */
export function kindOf(heard: Heard): Kind | null {
  const kind = KINDS.find((one) => one.fits(heard)) ?? null;
  return kind !== null && isQuestion(heard.text) && kind.asked !== true ? null : kind;
}

/** Does a kind speak of hardware, whatever the kernel does? */
export const isOfHardware = (id: string): boolean => KINDS.some((kind) => kind.id === id && kind.hardware === true);
