/**
 * Every id that package.json and the code must agree on: commands, views, settings, colours, context keys, schemes.
 * Knows no VS Code, so that a test can compare it with package.json.
 */

/** Commands that people find in the palette or in a menu. */
export const COMMANDS = {
  openSeries: 'doorbell.openSeries',
  openSample: 'doorbell.openSample',
  runScenario: 'doorbell.runScenario',
  runAllScenarios: 'doorbell.runAllScenarios',
  showTopology: 'doorbell.showTopology',
  reviewAgain: 'doorbell.reviewAgain',
  closeSeries: 'doorbell.closeSeries',
  nextFinding: 'doorbell.nextFinding',
  previousFinding: 'doorbell.previousFinding',
  composeReply: 'doorbell.composeReply',
  copySendCommand: 'doorbell.copySendCommand',
  openClipboard: 'doorbell.openClipboard',
  openWithB4: 'doorbell.openWithB4',
  reviewGitRange: 'doorbell.reviewGitRange',
  showSeries: 'doorbell.showSeries',
  compareVersions: 'doorbell.compareVersions',
  compareTraces: 'doorbell.compareTraces',
  openCorrections: 'doorbell.openCorrections',
  newScenario: 'doorbell.newScenario',
  explore: 'doorbell.explore',
  importMachine: 'doorbell.importMachine',
} as const;

/** Commands that only our own links, lenses and rows call, always with arguments. */
export const LINKS = {
  showTrace: 'doorbell.showTrace',
  compareBefore: 'doorbell.compareBefore',
  runScenarioOf: 'doorbell.runScenarioOf',
  aboutRule: 'doorbell.aboutRule',
  reveal: 'doorbell.reveal',
  dismiss: 'doorbell.dismiss',
  restoreFinding: 'doorbell.restoreFinding',
  addToReply: 'doorbell.addToReply',
  runScenarioFile: 'doorbell.runScenarioFile',
} as const;

/** Commands of the comment threads: VS Code calls them with a comment or a thread. */
export const THREADS = {
  add: 'doorbell.comment.add',
  edit: 'doorbell.comment.edit',
  save: 'doorbell.comment.save',
  cancel: 'doorbell.comment.cancel',
  remove: 'doorbell.comment.remove',
} as const;

export type CommandId = (typeof COMMANDS)[keyof typeof COMMANDS] | (typeof LINKS)[keyof typeof LINKS];

export const VIEWS = {
  container: 'doorbell',
  review: 'doorbell.review',
  versions: 'doorbell.versions',
  topology: 'doorbell.topology',
} as const;

/** Settings, below `doorbell.`, of one value: switches, on by default, and choices. */
export const SETTINGS = {
  tint: 'decorations.tint',
  glyph: 'decorations.glyph',
  text: 'decorations.text',
  windowUsage: 'windowUsage',
  claims: 'claims',
  pathLens: 'pathLens',
  answers: 'answers',
  design: 'design',
} as const;

/** The setting that lists the user's kernel checkouts, below `doorbell.`. */
export const KERNEL = 'kernel';

export type SettingId = (typeof SETTINGS)[keyof typeof SETTINGS];

export const COLORS = {
  violationForeground: 'doorbell.violationForeground',
  violationBackground: 'doorbell.violationBackground',
  warningForeground: 'doorbell.warningForeground',
  warningBackground: 'doorbell.warningBackground',
  fixedForeground: 'doorbell.fixedForeground',
  fixedBackground: 'doorbell.fixedBackground',
  noteForeground: 'doorbell.noteForeground',
  noteBackground: 'doorbell.noteBackground',
  windowForeground: 'doorbell.windowForeground',
} as const;

/** Language of mboxes and single mails. */
export const LANGUAGE = 'doorbell-series';

/** Language of the replies that we compose. */
export const REPLY_LANGUAGE = 'doorbell-reply';

/** Languages in which a patch mail may stand. */
export const MAIL_LANGUAGES = [LANGUAGE, 'diff', 'plaintext'] as const;

/** Scheme of the read-only documents that show a decoded mail. */
export const SCHEME = 'doorbell';

/** Scheme of the read-only documents of series that are no files. */
export const SERIES_SCHEME = 'doorbell-series';

/** Source of our entries in Problems. */
export const SOURCE = 'Doorbell';
