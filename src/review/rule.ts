import type { FindingClass, Severity } from './types';

/** One rule Doorbell speaks by. */
export interface Rule {
  /** Names the page `docs/rules/ID.md`. */
  readonly id: string;
  /** Heading for people. */
  readonly title: string;
  readonly class: FindingClass;
  readonly severity: Severity;
}
