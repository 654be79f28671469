/** Claims about a host design: who maps, rewrites or programs what, and when. Shown by running the designs that do it, side by side. */
import type { ScenarioResult, Trace } from '../../scenario/types';
import type { ClaimTrial, RunDesign, Tried } from './types';

const MACHINE = 'arm64-smmuv3-gicv2m';
const TWO_FRAMES = 'arm64-smmuv3-gicv2m-2frames';
const PLAIN_MSI = 'arm64-smmuv3-gicv2m-msi';

const label = (scenario: string, machine: string, design: string): string =>
  `${scenario} on ${machine}, design ${design}`;

const plain = (result: ScenarioResult | null): Trace | null => result?.traces[0] ?? null;

/** What the run says when a stage's work is done: the text of the first event that fits. */
const told = (trace: Trace | null, words: RegExp): string | null =>
  trace?.events.find((event) => event.kind !== 'violation' && words.test(event.text))?.text.replace(/^host: /, '') ??
  null;

/** `1 of 256 pages` at the window's fullest. */
function usage(trace: Trace | null): string | null {
  const window = trace?.windows[0];
  if (window === undefined) return null;
  return `${window.pagesUsed} of ${Math.floor(window.size / window.granule)} pages in use (${window.doorbells.join(', ')})`;
}

const ownInterrupt = (run: RunDesign, design: string): ScenarioResult | null => run('own-interrupt', MACHINE, design);

/** “Userspace registers a reserved window.” */
export const registeredTrial: ClaimTrial = (_claim, run) => {
  const trace = plain(ownInterrupt(run, 'fixup'));
  const step = told(trace, /register the MSI window/);
  if (trace === null || step === null) return null;
  const refused = run('window-over-ram', MACHINE, 'fixup');
  return {
    verdict: 'design fact',
    message: `Design fixup, stage register window: ${step}; ${usage(trace) ?? 'no page in use'} once vectors are enabled. A window over mapped memory is ${refused?.verdict === 'holds' ? 'refused' : 'not refused'}. Later designs register none: the kernel keeps one (cookie, iommufd).`,
    tried: [label('own-interrupt', MACHINE, 'fixup'), label('window-over-ram', MACHINE, 'fixup')],
    trace,
    reference: 'Documentation/driver-api/vfio.rst, VFIO_IOMMU_MAP_DMA',
  };
};

/** `01:10.0 vector 0` of an event that writes an address. */
const vectorIn = (text: string): string => /\S+ vector \d+/.exec(text)?.[0] ?? '';

/** “vfio-pci overwrites the address with an IOVA of the window.” */
export const rewrittenTrial: ClaimTrial = (_claim, run) => {
  const result = run('fixup-gap', PLAIN_MSI, 'fixup');
  const own = ownInterrupt(run, 'fixup');
  const trace = plain(own);
  const addresses =
    trace?.events
      .filter((event) => /address ← 0x/.test(event.text))
      .map((event) => event.text.replace(/^host: /, '')) ?? [];
  const [before] = addresses;
  const after = addresses.find(
    (text) => before !== undefined && vectorIn(text) === vectorIn(before) && text !== before,
  );
  if (trace === null || before === undefined) return null;
  return {
    verdict: 'design fact',
    message: `Design fixup, stage enable: first ${before}, then ${after ?? 'the IOVA'}; ${usage(trace) ?? ''}.${result?.verdict === 'violated' ? ' Between the two a device with plain MSI can already send (fixup-gap).' : ''}`,
    tried: [label('own-interrupt', MACHINE, 'fixup'), label('fixup-gap', PLAIN_MSI, 'fixup')],
    trace,
    reference: 'Documentation/PCI/msi-howto.rst',
  };
};

/** Functions that one design executes in a run and the other does not. */
function onlyIn(one: ScenarioResult | null, other: ScenarioResult | null): string {
  const names = [...(one?.executed ?? [])].filter((name) => !other?.executed.has(name));
  return names.length === 0
    ? 'nothing more'
    : `${names.slice(0, 4).join(', ')}${names.length > 4 ? `, ${names.length - 4} more` : ''}`;
}

/** “The window is registered on the IOMMU domain, and the core allocates from it.” */
export const onDomainTrial: ClaimTrial = (_claim, run) => {
  const transparent = ownInterrupt(run, 'transparent');
  const fixup = ownInterrupt(run, 'fixup');
  const trace = plain(transparent);
  if (trace === null || fixup === null) return null;
  return {
    verdict: 'design fact',
    message: `Design transparent does so (${usage(trace) ?? 'no page in use'}; ${transparent?.verdict}), design fixup keeps it in vfio (${usage(plain(fixup)) ?? 'no page in use'}; ${fixup.verdict}). Executed only by transparent: ${onlyIn(transparent, fixup)}; only by fixup: ${onlyIn(fixup, transparent)}.`,
    tried: [label('own-interrupt', MACHINE, 'transparent'), label('own-interrupt', MACHINE, 'fixup')],
    trace,
    reference: null,
  };
};

/** “Allocating the vector returns the IOVA; nothing has to be mended afterwards.” */
export const belowVfioTrial: ClaimTrial = (_claim, run) => {
  const transparent = run('fixup-gap', PLAIN_MSI, 'transparent');
  const fixup = run('fixup-gap', PLAIN_MSI, 'fixup');
  if (transparent === null || fixup === null) return null;
  const gap = fixup.traces.find((one) => one.violations.length > 0) ?? null;
  const holds = transparent.verdict === 'holds';
  const verdict: Tried['verdict'] =
    holds && fixup.verdict === 'violated'
      ? 'confirmed'
      : transparent.verdict === 'violated'
        ? 'contradicted'
        : 'undecided';
  return {
    verdict,
    message: `Stage enable, design transparent ${transparent.verdict}: the address is right when it is programmed. Design fixup ${fixup.verdict}${gap === null ? '' : `: ${gap.violations[0]?.message ?? ''}`}.`,
    tried: [label('fixup-gap', PLAIN_MSI, 'transparent'), label('fixup-gap', PLAIN_MSI, 'fixup')],
    trace: gap,
    reference: 'PCI Local Bus Specification 3.0, 6.8.1',
  };
};

/** What the last failing enable of a run returned, and what it left. */
function shortRun(result: ScenarioResult | null): string {
  if (result === null) return 'not tried';
  const trace = plain(result);
  const returned = trace?.events
    .filter((event) => event.kind === 'return' && /returns -E\w+/.test(event.text))
    .map((event) => /-E\w+/.exec(event.text)?.[0]);
  const error = returned?.at(-1);
  return `${error === undefined ? 'no error' : `error ${error}`}, ${result.verdict === 'holds' ? 'nothing left half-programmed' : (trace?.violations[0]?.message ?? result.reason ?? result.verdict)}`;
}

/** “pci_enable_msix_range() returns programmed, or an error when the window is too small.” */
export const enableOrErrorTrial: ClaimTrial = (claim, run) => {
  const transparent = run('window-one-page-short', TWO_FRAMES, 'transparent');
  const fixup = run('window-one-page-short', TWO_FRAMES, 'fixup');
  if (transparent === null || fixup === null) return null;
  const asked = claim.tense === 'asks' || claim.tense === 'proposes';
  return {
    verdict: asked
      ? 'answered'
      : transparent.verdict === 'holds'
        ? 'confirmed'
        : transparent.verdict === 'violated'
          ? 'contradicted'
          : 'undecided',
    message: `A window one page short. Design transparent: ${shortRun(transparent)}, from the allocation itself. Design fixup: ${shortRun(fixup)}, as its own error path does after MSI-X was enabled.`,
    tried: [
      label('window-one-page-short', TWO_FRAMES, 'transparent'),
      label('window-one-page-short', TWO_FRAMES, 'fixup'),
    ],
    trace: plain(transparent),
    reference: 'Documentation/PCI/msi-howto.rst, pci_enable_msix_range()',
  };
};

/** Where a design put the doorbell, in words. */
function doorOf(run: RunDesign, design: string): string | null {
  const result = ownInterrupt(run, design);
  const trace = plain(result);
  const mapped = told(trace, /^(?:host: )?map IOVA 0x[0-9a-f]+ → (?!.*RAM)/);
  return trace === null ? null : `${design}: ${mapped ?? 'no doorbell mapped'} (${result?.verdict})`;
}

/** “Messages have to fit in the address space that is provided.” */
export const inSpaceTrial: ClaimTrial = (_claim, run) => {
  const designs = ['cookie', 'iommufd'];
  const said = designs.flatMap((design) => doorOf(run, design) ?? []);
  if (said.length === 0) return null;
  return {
    verdict: 'note',
    message: `Later kernels did it so: ${said.join('; ')}. The window is a reserved range (SW_MSI) of the space that userspace is told of and keeps clear of.`,
    tried: designs.map((design) => label('own-interrupt', MACHINE, design)),
    trace: plain(ownInterrupt(run, 'cookie')),
    reference: 'IOMMU_RESV_SW_MSI in include/linux/iommu.h; IOMMU_IOAS_IOVA_RANGES in include/uapi/linux/iommufd.h',
  };
};

/** “The doorbell is mapped”: by whom and when, design by design. */
export const mappedTrial: ClaimTrial = (_claim, run) => {
  const designs = ['v4.5', 'fixup', 'transparent', 'cookie'];
  const said = designs.flatMap((design) => doorOf(run, design) ?? []);
  if (said.length === 0) return null;
  return {
    verdict: 'design fact',
    message: `${said.join('; ')}.`,
    tried: designs.map((design) => label('own-interrupt', MACHINE, design)),
    trace: plain(ownInterrupt(run, 'transparent')),
    reference: null,
  };
};
