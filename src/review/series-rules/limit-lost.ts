import { WARN_FROM_USER } from '../catalog-uapi';
import { runsOf } from './runs';
import type { SeriesHit, SeriesRule } from './types';

const LIMITED = /\b(\w+_ratelimited)\s*\(/;
const WARNS = /\b((?:dev_|pci_|drm_)?WARN(?:_ONCE|_TAINT)?|WARN_ON(?:_ONCE)?|BUG_ON|BUG)\s*\(/;

/** Functions that handle what a user or a guest hands in; `struct iommu_ops` names the operations whose data comes from there. */
const FROM_OUTSIDE =
  /ioctl|user|guest|uapi|hypercall|cache_invalidate|bind_gpasid|page_response|_emulate_|^(?:kvm_)?handle_|_mmio_/;

/** A message that was limited in rate, because whoever is outside can make it come, becomes a warning of the kernel about itself. */
export const limitLost: SeriesRule = (view) =>
  view.hunks.flatMap((hunk) =>
    runsOf(hunk).flatMap(({ gone, come }): SeriesHit[] => {
      const limited = gone.map((code) => LIMITED.exec(code.bare)?.[1]).find((name) => name !== undefined);
      const at = come.find((code) => WARNS.test(code.bare) && !code.directive);
      if (
        limited === undefined ||
        at === undefined ||
        !FROM_OUTSIDE.test(at.inside ?? '') ||
        come.some((code) => LIMITED.test(code.bare))
      )
        return [];
      const name = WARNS.exec(at.bare)?.[1];
      return [
        {
          rule: WARN_FROM_USER,
          at: { patch: hunk.patch, file: hunk.file, line: at.line.line },
          function: at.inside,
          message: `${name}() stands where ${limited}() stood: what a user or guest could make the kernel print is now taken for a bug of the kernel`,
          why: [
            {
              text: 'with panic_on_warn, and always for BUG, whoever causes it can stop the machine',
              reference: 'Documentation/process/coding-style.rst, 22) Do not crash the kernel',
            },
          ],
          related: [],
          fixedBy: null,
        },
      ];
    }),
  );
