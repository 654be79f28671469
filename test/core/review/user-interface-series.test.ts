/** What a series owes userspace with a new interface: a way to find it out. */
import { describe, expect, it } from 'vitest';
import { type FilePart, type MailPart, seriesHits } from './series-mails';

const only = async (rule: string, parts: readonly MailPart[]): Promise<string[]> =>
  (await seriesHits(parts)).filter((one) => one.startsWith(`${rule} `));
const part = (...files: FilePart[]): MailPart => ({ files });

describe('undetectable', () => {
  const rule = 'undetectable';
  const header = (name: string): FilePart => ({
    path: 'include/uapi/linux/kvm.h',
    text: `@@ struct kvm_ppc\n #define KVM_CAP_OLD 200\n+#define ${name} 201\n \n`,
  });
  const code = (head: string, lines: string, path = 'arch/arm64/kvm/bell.c'): FilePart => ({
    path,
    text: `@@ ${head}\n \tswitch (what) {\n${lines} \tdefault:\n \t\treturn -ENXIO;\n \t}\n`,
  });
  const set = (name: string): FilePart =>
    code(
      'static int bell_set_attr(struct kvm_device *dev, struct kvm_device_attr *attr)',
      `+\tcase ${name}:\n+\t\treturn bell_set(dev, attr);\n`,
    );
  const has = (name: string): FilePart =>
    code(
      'static int bell_has_attr(struct kvm_device *dev, struct kvm_device_attr *attr)',
      `+\tcase ${name}:\n+\t\treturn 0;\n`,
      'arch/arm64/kvm/bell-has.c',
    );
  it('sees attributes and capabilities that only the code that acts on them knows', async () => {
    expect(await only(rule, [part(header('KVM_DEV_BELL_GRP_RING'), set('KVM_DEV_BELL_GRP_RING'))])).toHaveLength(1);
    expect(
      await only(rule, [
        part(header('KVM_ARM_VCPU_BELL_IRQ')),
        part(
          code(
            'int kvm_arm_bell_get_attr(struct kvm_vcpu *vcpu, struct kvm_device_attr *attr)',
            '+\tcase KVM_ARM_VCPU_BELL_IRQ:\n+\t\treturn bell_get(vcpu);\n',
          ),
        ),
      ]),
    ).toHaveLength(1);
    expect(
      await only(rule, [
        part(
          header('KVM_CAP_BELL'),
          code(
            'static int kvm_vm_ioctl_setup_bell(struct kvm *kvm, u32 what)',
            '+\tcase KVM_CAP_BELL:\n+\t\tkvm->bell = true;\n+\t\treturn 0;\n',
          ),
        ),
      ]),
    ).toHaveLength(1);
  });
  it('is quiet where a patch answers, where the function cannot be told, and on what is no attribute', async () => {
    for (const parts of [
      [part(header('KVM_DEV_BELL_GRP_RING'), set('KVM_DEV_BELL_GRP_RING'), has('KVM_DEV_BELL_GRP_RING'))],
      [part(header('KVM_DEV_BELL_GRP_RING'), set('KVM_DEV_BELL_GRP_RING')), part(has('KVM_DEV_BELL_GRP_RING'))],
      [
        part(
          header('KVM_DEV_BELL_GRP_RING'),
          set('KVM_DEV_BELL_GRP_RING'),
          code('', '+\tcase KVM_DEV_BELL_GRP_RING:\n+\t\treturn 0;\n'),
        ),
      ],
      [part(header('KVM_DEV_BELL_MASK'), set('KVM_DEV_BELL_MASK'))],
      [part(header('KVM_DEV_TYPE_BELL'), set('KVM_DEV_TYPE_BELL'))],
      [part(header('KVM_EXIT_BELL'), set('KVM_EXIT_BELL'))],
      [
        part(
          header('KVM_CAP_OLD_RING'),
          code(
            'static int bell_cap_old(struct kvm *kvm, u32 what)',
            '+\tcase KVM_CAP_OLD_RING:\n+\t\treturn bell_ring(kvm);\n',
          ),
        ),
      ],
      [
        part(
          header('KVM_CAP_BELL'),
          code(
            'int kvm_vm_ioctl_check_extension(struct kvm *kvm, long what)',
            '+\tcase KVM_CAP_BELL:\n+\t\treturn 1;\n',
          ),
        ),
      ],
    ])
      expect(await only(rule, parts), JSON.stringify(parts)).toEqual([]);
  });
});
