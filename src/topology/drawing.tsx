/** The drawing: columns of nodes, their links, and the way of the event's write, as one SVG. */
import { useMemo } from 'preact/hooks';
import type { Cast } from './cast';
import { type Box, curve, fit, type Layout, LINE } from './layout';
import { useSay } from './say';
import type { Link, NodeText, Scene } from './scene';

interface Props {
  readonly id: string;
  readonly cast: Cast;
  readonly layout: Layout;
  readonly scene: Scene;
  readonly name: string;
  readonly onUnfold: () => void;
}

/** Width of a capital letter of a column's head at most, in the drawing's pixels. */
const HEAD = 7.4;

/** Vertical place of a line of a box, its baseline. */
function baseline(box: Box, line: number): number {
  return box.y + LINE.pad + LINE.first - 5 + (line > 0 ? LINE.next * line + 1 : 0);
}

/** Where a link leaves a box: beside the line of its mapping, or in the middle. */
function leaves(box: Box, node: NodeText | undefined, mapping: string | null): number {
  const line = mapping === null ? -1 : (node?.lines.findIndex((one) => one.mapping === mapping) ?? -1);
  return line < 0 ? box.y + box.height / 2 : baseline(box, line + 1) - 4;
}

function Wire({ link, layout, scene }: { readonly link: Link; readonly layout: Layout; readonly scene: Scene }) {
  const from = layout.boxes.get(link.from);
  const to = layout.boxes.get(link.to);
  if (from === undefined || to === undefined) return null;
  const path = curve(from, to, leaves(from, scene.nodes.get(link.from), link.mapping));
  return (
    <>
      <path class={`wire tone-${link.tone}${link.way ? ' way' : ''}`} d={path} />
      {link.way && <path class={`pulse tone-${link.tone}`} d={path} pathLength={1} />}
    </>
  );
}

function Node({ node, box }: { readonly node: NodeText; readonly box: Box }) {
  const width = box.width - 20;
  return (
    <g
      class={`node tone-${node.tone}${node.present ? '' : ' absent'}${node.colour === null ? '' : ` agent-${node.colour % 5}`}`}
    >
      <rect x={box.x} y={box.y} width={box.width} height={box.height} rx={4} />
      <text x={box.x + 10} y={baseline(box, 0)}>
        {fit(node.title, width, 7)}
        {node.tone === 'bad' && !node.title.includes('✕') && <tspan class="mark"> ✕</tspan>}
      </text>
      {node.lines.map((line, i) => (
        <text
          key={`${i}${line.text}`}
          class={`small tone-${line.tone}${line.code ? ' code' : ''}`}
          x={box.x + 10}
          y={baseline(box, i + 1)}
        >
          {fit(line.text, width, line.code ? 6.7 : 6.2)}
          {line.text.length * 6.2 > width && <title>{line.text}</title>}
        </text>
      ))}
    </g>
  );
}

export function Drawing({ id, cast, layout, scene, name, onUnfold }: Props) {
  const say = useSay();
  const heads = useMemo(
    () =>
      [
        [say('Agents')],
        [say('Devices · requester id'), say('Devices')],
        [say('Domains')],
        [say('Physical pages'), say('Pages')],
        [say('Interrupts')],
      ].map((longestFirst) => longestFirst.map((head) => head.toUpperCase())),
    [say],
  );
  /** The longest head that the room up to the next column holds. */
  const headOf = (column: number): string => {
    const room = (layout.columns[column + 1]?.x ?? layout.width) - (layout.columns[column]?.x ?? 0) - 6;
    const words = heads[column] ?? [];
    const whole = words.find((head) => head.length * HEAD <= room);
    return whole ?? fit(words.at(-1) ?? '', room, HEAD);
  };
  const ordered = [...scene.links].sort((a, b) => Number(a.way) - Number(b.way));
  return (
    <svg
      id={id}
      class="drawing"
      viewBox={`0 0 ${layout.width} ${layout.height}`}
      width={layout.width}
      height={layout.height}
      role="img"
      aria-label={say('Topology of {0}', name)}
    >
      {cast.devices.length === 0 && (
        <text class="small" x={20} y={60}>
          {say('No domain, no device: this machine is empty.')}
        </text>
      )}
      {layout.columns.map((column, i) => (
        <text key={heads[i]?.[0]} class="head" x={column.x} y={22}>
          {headOf(i)}
        </text>
      ))}
      {ordered.map((link) => (
        <Wire key={`${link.id}${link.mapping ?? ''}`} link={link} layout={layout} scene={scene} />
      ))}
      {[...scene.nodes.values()].map((node) => {
        const box = layout.boxes.get(node.id);
        return box === undefined ? null : <Node key={node.id} node={node} box={box} />;
      })}
      {layout.folded.map(({ box, count }) => (
        <g
          key={box.id}
          class="folded"
          role="button"
          tabindex={0}
          aria-label={say('Show all')}
          onClick={onUnfold}
          onKeyDown={(event) => {
            if (event.key === 'Enter' || event.key === ' ') onUnfold();
          }}
        >
          <rect x={box.x} y={box.y} width={box.width} height={box.height} rx={4} />
          <text class="small" x={box.x + 10} y={baseline(box, 0)}>
            {say('+{0} more', count)}
          </text>
        </g>
      ))}
    </svg>
  );
}
