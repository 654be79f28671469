import { describe, expect, it } from 'vitest';
import { termAt, terms } from '../../../src/kernel/terms';

/** What is found with the cursor on the first character of `word`. */
const at = (line: string, word: string) => termAt(line, line.indexOf(word));

describe('terms of the field', () => {
  it('are at least sixty, each with words of its own and a document', () => {
    expect(terms.length).toBeGreaterThanOrEqual(60);
    for (const { term, says, reference } of terms) {
      expect(says, term).toMatch(/^[A-Z].*\.$/);
      expect(reference, term).toMatch(/\S/);
    }
  });

  it('have one meaning for each spelling', () => {
    const spellings = terms.flatMap(({ term, also }) => [term, ...(also ?? [])]).map((one) => one.toLowerCase());
    expect(spellings.filter((one, i) => spellings.indexOf(one) !== i)).toEqual([]);
  });

  it('are found under every spelling, whole', () => {
    for (const { term, also } of terms)
      for (const spelling of [term, ...(also ?? [])]) {
        const found = termAt(`see ${spelling} here`, 4);
        expect(found?.term.term, spelling).toBe(term);
        expect(found?.length, spelling).toBe(spelling.length);
      }
  });

  it('are found in prose and in code, in the plural and with hyphens', () => {
    expect(at('maps the MSI doorbells of all frames', 'MSI doorbells')?.term.term).toBe('doorbell');
    expect(at('+\tif (irq_domain_flags & IRQ_DOMAIN_FLAG_ISOLATED_MSI)', 'IRQ_DOMAIN')?.term.term).toBe('isolated MSI');
    expect(at('the requester-id of the bridge', 'requester')?.term.term).toBe('requester id');
    expect(at('two IOMMU groups', 'IOMMU')?.term.term).toBe('IOMMU group');
  });

  it('prefer the longer one, at whichever word the cursor stands', () => {
    expect(at('one GICv2m frame', 'frame')?.term.term).toBe('GICv2m');
    expect(at('an IOMMU domain', 'domain')?.term.term).toBe('iommu_domain');
  });

  it('are not found inside other words or names, nor initials in lower case', () => {
    expect(at('best step', 'ste')).toBeNull();
    expect(at('struct my_msi_msg_list', 'msi_msg')).toBeNull();
    expect(at('its interrupts', 'its')).toBeNull();
    expect(termAt('', 0)).toBeNull();
    expect(termAt('doorbell', 8)).toBeNull();
  });
});
