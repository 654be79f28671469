import { describe, expect, it } from 'vitest';
import { TRIED_BY_ITSELF } from '../../../src/review/choose';
import { builtInScenarios } from '../../../src/scenario/library';

describe('what a review tries by itself', () => {
  it('is in the library, and accuses: no demonstration', () => {
    const byId = new Map(builtInScenarios().map((scenario) => [scenario.id, scenario]));
    expect([...TRIED_BY_ITSELF].filter((id) => byId.get(id) === undefined)).toEqual([]);
    expect([...TRIED_BY_ITSELF].filter((id) => byId.get(id)?.demonstration === true)).toEqual([]);
  });
});
