/** Rollbacks that undo before they count down. */
import { beforeAll, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { frontEnd } from './c';
import { hitsOf } from './hits';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});
const said = (step: string, fails: string, undo: string, walk = 'for (i = 0; i < s->count; i++)'): string[] =>
  hitsOf(
    front,
    `int f(struct s *s)\n{\nint i, ret;\nstruct dev *d;\n${walk} {\nret = ${step};\nif (ret) {\n${fails}\ngoto undo;\n}\n}\nreturn 0;\nundo:\n${undo}\nreturn ret;\n}`,
    ['lifetime'],
  ).filter((hit) => hit.startsWith('undoes-failed'));

it('finds the failed element undone first', () => {
  expect(said('pin_slot(s, i)', '', 'do {\nunpin_slot(s, i);\n} while (i--);')).toHaveLength(1);
  expect(
    said('clk_line_enable(s->lines[i])', 'pr_err("no");', 'do\nclk_line_disable(s->lines[i]);\nwhile (i-- > 0);'),
  ).toHaveLength(1);
  expect(
    said('attach_unit(d)', '', 'do {\ndetach_unit(s, i);\n} while (i--);', 'kvm_for_each_vcpu(i, d, s)'),
  ).toHaveLength(1);
});
it('is quiet where the rollback starts with the one before, or undoes what was done', () => {
  expect(said('pin_slot(s, i)', '', 'while (i--)\nunpin_slot(s, i);')).toEqual([]);
  expect(said('pin_slot(s, i)', 'i--;', 'do {\nunpin_slot(s, i);\n} while (i--);')).toEqual([]);
  expect(said('check_slot(s, i)', '', 'do {\nunpin_slot(s, i);\n} while (i--);')).toEqual([]);
  expect(said('pin_slot(s, i)', '', 'do {\nwait_for(s);\n} while (i--);')).toEqual([]);
});
