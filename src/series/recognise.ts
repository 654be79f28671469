/** What a source is, by its first bytes. */
export type SourceKind = 'text' | 'empty' | 'binary' | 'git bundle' | 'compressed';

/** Bytes looked at for signs of binary data. */
const LOOKED_AT = 8192;

/** Tells text from what cannot be read as mail. Text with a UTF-16 byte order mark counts as text. */
export function recognise(bytes: Uint8Array): SourceKind {
  const head = bytes.subarray(0, LOOKED_AT);
  if (head.every((byte) => byte === 10 || byte === 13 || byte === 32 || byte === 9) && bytes.length <= LOOKED_AT)
    return 'empty';
  if (/^# v[23] git bundle\n/.test(String.fromCharCode(...head.subarray(0, 20)))) return 'git bundle';
  if (
    startsWith(head, [0x1f, 0x8b]) ||
    startsWith(head, [0xfd, 0x37, 0x7a]) ||
    startsWith(head, [0x42, 0x5a, 0x68]) ||
    startsWith(head, [0x28, 0xb5, 0x2f, 0xfd]) ||
    startsWith(head, [0x50, 0x4b, 3, 4])
  )
    return 'compressed';
  if (startsWith(head, [0xff, 0xfe]) || startsWith(head, [0xfe, 0xff])) return 'text';
  let control = 0;
  for (const byte of head) {
    if (byte === 0) return 'binary';
    if (byte < 32 && byte !== 9 && byte !== 10 && byte !== 12 && byte !== 13 && byte !== 27) control++;
  }
  return control > head.length / 20 ? 'binary' : 'text';
}

/** One sentence that says why a source cannot be read and what to do; null for text. */
export function refusal(kind: SourceKind, name: string): string | null {
  switch (kind) {
    case 'text':
      return null;
    case 'empty':
      return `${name} is empty.`;
    case 'binary':
      return `${name} is binary data, neither a mail nor a patch.`;
    case 'git bundle':
      return `${name} is a git bundle; fetch it into a repository and export its commits with git format-patch.`;
    case 'compressed':
      return `${name} is compressed; unpack it first.`;
  }
}

function startsWith(bytes: Uint8Array, signature: readonly number[]): boolean {
  return bytes.length >= signature.length && signature.every((byte, i) => bytes[i] === byte);
}
