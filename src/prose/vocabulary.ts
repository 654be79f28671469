/**
 * The words of the field: which terms a sentence names, however it words them. In: text. Out: terms by stable names. Knows no kinds of claims.
 */

export type Term = keyof typeof WORDS;

/** Terms and how they are worded. Names that are spelt with capitals are looked for with them: `ITS` is no `its`. */
const WORDS = {
  // Platforms and their parts.
  x86: /\b(?:x86(?:[-_]64)?|intel|amd|vt-?d|amd-?vi|(?:io-?|local |x2)?apics?)\b/i,
  vtd: /\b(?:vt-?d|intel[- ]iommu|dmar)\b/i,
  amdvi: /\b(?:amd-?vi|amd[- ]iommu)\b/i,
  arm: /\b(?:arm(?:v\d|32|64)?|aarch64|smmu(?:v[23])?s?)\b/i,
  smmu: /\bsmmu(?:v[23])?s?\b/i,
  powerpc: /\b(?:power ?pc|ppc(?:32|64(?:le)?)?|pamu|qoriq|freescale|ioda2?)\b|\bPHBs?\b|\bPOWER\d?\b/i,
  pamu: /\b(?:pamu|freescale|qoriq)\b|\bMSI banks?\b/i,
  phb: /\bPHBs?\b|\bIODA2?\b|\bpartitionable endpoints?\b|\bPE numbers?\b/,
  riscv: /\b(?:risc-?v|imsics?)\b/i,
  its: /\bITS(?:es)?\b|\bGITS_\w+|\binterrupt translation services?\b/,
  gicv2m: /\b(?:gic-?)?v2m\b|\bGICv2m\b/i,
  mbi: /\bMBIs?\b|\bmessage[- ]based SPIs?\b/,
  // What identifies a writer and an interrupt.
  deviceId: /\bdevice ?-?ids?\b/i,
  sourceId: /\bsource[- _]?ids?\b|\brequester[- _]?ids?\b|\bstream[- _]?ids?\b|\bRIDs?\b/i,
  eventId: /\bevent ?-?ids?\b/i,
  table: /\b(?:tables?|ITTs?|IRTEs?)\b/i,
  perDevice: /\b(?:per|each|every)[ -](?:PCIe? )?(?:device|function)\b|\bof its own\b/i,
  granularity: /\bgranular(?:ity)?\b|\bfine[r]?[- ]grained\b/i,
  remapping: /\b(?:interrupt|irq|intr|msi)[- _]re-?mapp?(?:ing|er|ed)?\b|\bintr?remap\b|\birq_remapping\b|\bIRTEs?\b/i,
  // Messages and where they go.
  msi: /\bMSI(?:-?X)?s?\b|\bmessage[- ]signal(?:l)?ed interrupts?\b/i,
  interrupts: /\b(?:interrupts?|irqs?|SPIs?|LPIs?|vectors?)\b/i,
  interruptMessage: /\binterrupt (?:messages?|requests?)\b|\b(?:are|is|as|become[s]?) (?:an )?interrupts?\b/i,
  doorbell: /\bdoorbells?\b|\bSETSPI\w*|\bTRANSLATER\b/i,
  frame:
    /\b(?:msi )?(?:controller|doorbell|v2m|gicv2m)(?:'s)? ?(?:frames?|pages?|registers?|physical (?:pages?|address(?:es)?))\b|\b(?:msi|gic|interrupt) controllers?\b|\bmsi frames?\b|\bphysical (?:page|frame)s?\b|\bdoorbells?\b/i,
  iommu: /\b(?:iommus?|smmu(?:v[23])?s?|dma[- ]?remapp?(?:ing|er)|vt-?d|amd-?vi|pamu)\b/i,
  iova: /\biovas?\b|\bi\/o virtual address(?:es)?\b|\bbus address(?:es)?\b/i,
  mapping: /\bmapp?(?:ing|ings|ed|s)?\b|\bbindings?\b/i,
  bypass:
    /\bby-?pass(?:es|ed|ing)?\b|\b(?:not|never|n't|without being)\b[^.;]{0,30}\btranslated\b|\buntranslated\b|\bnot subject to (?:\w+ )?translation\b/i,
  dmaWrite: /\b(?:dma|memory|plain|ordinary|normal|regular|posted) (?:writes?|transactions?)\b/i,
  tell: /\b(?:identif(?:y|ies)|distinguish(?:es|ed)?|tells?\b[^.?]{0,40}\b(?:apart|from)|differentiat\w+|recogni[sz]es?|knows? (?:that|whether|it)|know this|told (?:apart|from))\b/i,
  ram: /\bRAM\b|\bDRAM\b|\b(?:guest|system|main|physical) memory\b/i,
  page: /\bpages?\b|\bframes?\b/i,
  // Windows of IOVA.
  addressSpace: /\baddress[- ]spaces?\b/i,
  window:
    /\b(?:windows?|reserved (?:\w+ ){0,2}(?:range|region|area|window)s?|(?:range|region|area)s? (?:\w+ ){0,2}reserved|msi (?:iova )?(?:range|region)s?|iova (?:ranges?|regions?|space))\b/i,
  range: /\b(?:ranges?|regions?|windows?|address[- ]spaces?|areas?|holes?)\b/i,
  fixedRange:
    /\b(?:fixed|pre-?defined|pre-?determined|pre-?configured|architected|architectural|well-known|hard-?coded|standard|static)\b[^.;]{0,30}\b(?:range|window|region|address(?:es)?|iova|space)\b/i,
  neverBacked:
    /\b(?:never|nothing|not|no|cannot|can't)\b[^.;]{0,30}\b(?:backed|backing|behind (?:it|them))\b|\bnever\b[^.;]{0,30}\b(?:RAM|DRAM|memory)\b|\bunbacked\b|\b(?:clear|free) of (?:RAM|DRAM|memory)\b|\bno (?:RAM|DRAM|memory)\b|\b(?:holes?|gaps?) in the (?:memory|address|physical)\b/i,
  user: /\b(?:user ?-?space|users?|guests?|vmms?|qemu|hypervisors?|admin(?:istrator)?s?)\b/i,
  register:
    /\b(?:regist(?:er|ers|ered|ering|ration)|declar(?:e|es|ed|ing)|hand(?:s|ed)? (?:over|down)|announc(?:e|es|ed|ing))\b/i,
  interface: /\b(?:interfaces?|apis?|ioctls?|uapi|parameters?|options?)\b/i,
  unavoidable:
    /\b(?:unavoidable|inevitable|no (?:other )?(?:way|option|choice|alternative)|ha(?:s|ve) to|necessary|needed|required|must)\b/i,
  amount:
    /\bhow (?:much|many|big|large)\b|\b(?:amount|size) of (?:the )?(?:\w+ ){0,3}(?:iovas?|windows?|space)\b|\bnumber of (?:\w+ ){0,2}pages\b|\b(?:pages?|iovas?|window) (?:\w+ ){0,2}(?:needed|required)\b|\bsizing\b/i,
  provision: /\bprovision(?:s|ed|ing)?\b|\b(?:reserve|set aside|dimension|size)[sd]?\b/i,
  // Who does what.
  vfio: /\bvfio(?:[-_ ]?pcie?)?\w*\b/i,
  rewrite:
    /\b(?:overwr(?:ite|ites|itten|iting|ote)|rewr(?:ite|ites|itten|iting)|substitut\w+|replac(?:e|es|ed|ing)|patch(?:es|ed|ing) the (?:msi )?(?:address|message)|swap(?:s|ped)?)\b/i,
  fixup:
    /\bfix(?:es|ed|ing)?[- ]?ups?\b|\bpatch(?:es|ed|ing) (?:the|its|up)\b|\bmend(?:s|ed|ing)? (?:the|its)\b[^.;]{0,20}\baddress/i,
  address: /\baddress(?:es)?\b/i,
  lower:
    /\b(?:lower (?:level|layer)s?|core code|(?:the )?(?:iommu|irq|msi|pci|interrupt)[- ]?core|platform interrupt|irq[- _]?domains?|irq ?chips?|msi (?:layer|controller level|controller driver|domain)|below (?:the )?(?:pci|vfio|msi)|natively)\b/i,
  allocate: /\balloc(?:at(?:e|es|ed|ing|ion|or))?\b|\bhand(?:s|ed)? out\b/i,
  domain: /\biommu[- ]domains?\b|\bdomains?\b/i,
  iommuCore: /\biommu[- ]?(?:core|api|layer|code)\b|\biommu[- ]domains?\b|\bdma-iommu\b/i,
  msixRange: /\bpci_(?:enable_msix?(?:_range|_exact)?|alloc_irq_vectors(?:_affinity)?)\b/,
  error: /\b(?:errors?|fail(?:s|ed|ure)?|errno|-?E(?:NOSPC|NOMEM|INVAL|BUSY|PERM))\b/i,
  short:
    /\b(?:not (?:have )?enough|too (?:small|short|few)|insufficient|exhaust\w+|runs? out|(?:no|without) (?:more |free )?(?:space|room|pages?)|one page short|is full)\b/i,
  shared: /\bshar(?:e|es|ed|ing)\b|\bcommon to\b/i,
  isolation:
    /\bisolat(?:e|es|ed|ing|ion)\b|\binterfer(?:e|es|ing|ence)\b|\bprotect(?:s|ed|ion)? (?:one|from|against|vms?|guests?|devices?)\b/i,
  foreign:
    /\b(?:each other|one another|other (?:guest|vm|device|domain)s?|another (?:guest|vm|device)|anybody else|somebody else|nobody else|no other (?:guest|vm|device)|private to|host devices?|foreign|forge[sd]?|forging|spoof\w*|any (?:guest|device|writer)|all (?:guests|devices))\b/i,
  capability:
    /\bIOMMU_CAP_INTR_REMAP\b|\bINTR_REMAP\b|\b(?:interrupt[ -](?:remapping|isolation)|isolat\w+(?: msi)?) capability\b|\bmsi_remap\b|\bisolated[_ ]msi\b/i,
  someCapability: /\bcapabilit(?:y|ies)\b|\bfeatures?\b/i,
  claim: /\b(?:claim|advertis|report|expos|announc|support|set)(?:s|e|es|ed|ing)?\b/i,
  means:
    /\b(?:mean(?:s|t)?|indicat(?:e|es|ed|ing)|stands? for|is defined as|defined to|says that|promises?|is supposed to)\b/i,
  built: /\b(?:compil(?:e|ed|es)|built|build|enabled|selected|available|linked)\b/i,
  everywhere:
    /\b(?:everywhere|always|all (?:archs?|architectures|configs?|configurations|platforms)|unconditionally|(?:every|each|some) (?:arch\w*|config\w*|platform)s?)\b/i,
  sourceFile: /\b[\w-]+\.(?:c|h|S)\b|\bCONFIG_\w+\b/,
  makes:
    /\b(?:built|set up|populated|filled|managed|maintained|created|allocated|owned|programmed|written)\b[^.;]{0,20}\bby\b|\b(?:builds|sets up|populates|fills|manages|maintains|creates|owns)\b/i,
  driver: /\b(?:drivers?|irq ?chips?|irq-[\w-]+\.c|firmware|hypervisor|host|kernel|core)\b/i,
  covers:
    /\b(?:cover(?:s|ing)?|aim(?:s|ed|ing)? (?:at|to)|address(?:es|ing)|extend(?:s|ed|ing)? [\w/ ]{1,40} to|also (?:works?|appl(?:y|ies)|applicable|needed|useful|supports?)|same (?:need|problem|issue)|in scope)\b/i,
  scope: /\b(?:platforms?|machines?|systems?|hosts?|architectures?|boards?|SoCs?)\b/i,
  not: /\b(?:not|no|never|cannot|without|neither|nor|none|nothing|lacks?|lacking|missing|absent)\b|n't\b/i,
} as const;

const NAMES = Object.keys(WORDS) as Term[];

/** Words without which no sentence makes a claim: looked for first, because most prose has none of them. */
const FIELD =
  /\bMSI|\biova|interrupt (?:messages?|requests?)|remap|\bITS\b|\bGIC|v2m|doorbell|window|capabilit|isolat|functional change|behaviou?r|mapping|binding|\bmap(?:s|ped)\b|unmap|source-?id|requester|device ?id|power ?pc|\bppc|risc-?v|\bPAMU|\bPHB|IMSIC|INTR_REMAP|reserved|\bRAM\b|\b[\w-]+\.c\b|msi[-x_]|irq[-_]|(?:next|following|subsequent|later|upcoming) patch/i;

/** Can the text claim anything about the field at all? */
export const namesField = (text: string): boolean => FIELD.test(text);

/** The terms a text names, looked for when asked for. */
export interface Terms {
  readonly has: (term: Term) => boolean;
}

export const NO_TERMS: Terms = { has: () => false };

/** Terms of one text; each is looked for once. */
export function termsOf(text: string): Terms {
  const known = new Map<Term, boolean>();
  return {
    has(term) {
      let there = known.get(term);
      if (there === undefined) {
        there = WORDS[term].test(text);
        known.set(term, there);
      }
      return there;
    },
  };
}

/** Terms that any of several texts names. */
export const anyOf = (all: readonly Terms[]): Terms => ({ has: (term) => all.some((one) => one.has(term)) });

/** All terms a text names, by name. */
export const termsIn = (text: string): readonly Term[] => NAMES.filter((name) => WORDS[name].test(text));

/** Platforms among terms, as a preset's architecture has them. */
export const PLATFORMS = ['x86', 'arm', 'powerpc', 'riscv'] as const satisfies readonly Term[];
