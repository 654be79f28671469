/**
 * A call that resumes or powers a device, moved into an atomic section. In: a function after the patch, and before it. Where the helper is
 * not in sight, its name and the place it had tell: it stood outside of the lock.
 */
import { primitive } from '../../kernel/primitives';
import type { Place } from '../../place';
import { SLEEPS_IN_ATOMIC } from '../catalog-lifetime';
import { type AtomicSection, sectionText, visitAtomicCalls } from './atomic';
import { type Doing, doings, named } from './calls';
import { lockCalls } from './locking';
import { asksContext, isToldContext } from './sleeping';
import type { PathRule, RuleHit } from './types';

/** Brings a device to life: waits for clocks, regulators and its resume callback. */
const RESUMES =
  /(?:^|_)(?:rpm_get|rpm_resume|runtime_get_sync|runtime_resume_and_get|runtime_get|pm_get|power_get|power_on|power_up|runtime_resume)(?:_sync)?$/;
/** Of those, what only counts or only asks for it to be done later. */
const ASYNC = /noresume|_async|if_in_use|if_active|request_resume/;

/** A resume that stood outside of atomic sections before the patch and is inside one now. */
export const movedIntoAtomicRule: PathRule = (program, { programs, before }) => {
  const candidate = (doing: Doing): boolean =>
    doing.direct && RESUMES.test(doing.name) && !ASYNC.test(doing.name) && !programs.has(doing.name);
  if (!program.nodes.some((node) => doings(node).some(candidate))) return [];
  if (!program.nodes.some((node) => lockCalls(node).length > 0)) return [];
  if (asksContext(program) || isToldContext(program)) return [];
  const was = before?.() ?? null;
  if (was === null || !was.nodes.some((node) => doings(node).some(candidate))) return [];
  const inside = new Set<string>();
  if (!visitAtomicCalls(was, programs, (_, doing) => inside.add(doing.name))) return [];
  const hits: RuleHit[] = [];
  const seen = new Set<Place>();
  const complete = visitAtomicCalls(program, programs, (section: AtomicSection, doing) => {
    if (!candidate(doing) || inside.has(doing.name) || seen.has(doing.call.at)) return;
    if (primitive(doing.name)?.maySleep === false) return;
    const earlier = was.nodes.flatMap((node) => doings(node)).find((one) => one.name === doing.name);
    if (earlier === undefined || named(earlier.call.args[0]) !== named(doing.call.args[0])) return;
    seen.add(doing.call.at);
    hits.push({
      rule: SLEEPS_IN_ATOMIC,
      at: doing.call.at,
      message: `${doing.name}() may wait for the device to resume, and is called here ${sectionText(section.shown)}; it stood outside before`,
      key: `${doing.name}|${section.id}`,
      why: [
        {
          text: 'a synchronous resume may sleep unless the device was declared pm_runtime_irq_safe()',
          reference: 'Documentation/power/runtime_pm.rst',
        },
      ],
      related: [{ at: section.at, message: 'atomic from here on' }],
    });
  });
  return complete ? hits : [];
};
