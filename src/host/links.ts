/** Linked lists as the kernel links them: `next` and `prev` of embedded nodes, so that code that follows them by hand works too. */
import type { StructValue, Value } from './values';
import { embedded, isStruct, newUnknown } from './values';

/** An empty list, or a node that is in none. */
export function initialise(head: StructValue): void {
  head.type ||= 'struct list_head';
  head.fields.set('next', head);
  head.fields.set('prev', head);
}

function neighbour(node: StructValue, link: 'next' | 'prev'): StructValue {
  const at = node.fields.get(link);
  return isStruct(at) ? at : node;
}

/** Puts `node` between `prev` and what follows it. */
export function insertAfter(prev: StructValue, node: StructValue): void {
  const next = neighbour(prev, 'next');
  node.fields.set('next', next);
  node.fields.set('prev', prev);
  prev.fields.set('next', node);
  next.fields.set('prev', node);
}

export function insertBefore(next: StructValue, node: StructValue): void {
  insertAfter(neighbour(next, 'prev'), node);
}

/** Takes a node out of its list; it keeps pointing nowhere. */
export function unlink(node: StructValue): void {
  const prev = neighbour(node, 'prev');
  const next = neighbour(node, 'next');
  prev.fields.set('next', next);
  next.fields.set('prev', prev);
  node.fields.delete('next');
  node.fields.delete('prev');
}

export function isEmpty(head: StructValue): boolean {
  return neighbour(head, 'next') === head;
}

/** The nodes behind a head, in order. */
export function nodesOf(head: StructValue): StructValue[] {
  const nodes: StructValue[] = [];
  for (let at = neighbour(head, 'next'); at !== head && nodes.length < 100000; at = neighbour(at, 'next')) {
    nodes.push(at);
    if (neighbour(at, 'next') === at) break;
  }
  return nodes;
}

/** The entry a node is part of: container_of. Unknown when the node is not embedded under that name. */
export function entryOf(node: StructValue, member: string): Value {
  let at: StructValue = node;
  for (const name of member.split('.').reverse()) {
    const { parent } = at;
    if (parent?.kind !== 'struct' || (at.member !== name && name !== ''))
      return at.parent === null ? node : newUnknown(`container of ${member}`);
    at = parent;
  }
  return at;
}

/** A device's list of MSI descriptors; takes a PCI function or its `dev`. */
export function msiListOf(of: StructValue): StructValue {
  const device = of.type.includes('pci_dev') ? embedded(of, 'dev', 'struct device') : of;
  const list = embedded(device, 'msi_list', 'struct list_head');
  if (list.fields.get('next') === undefined) initialise(list);
  return list;
}
