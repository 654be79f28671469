/** One drawing in the room it has: laid out for its width, and scrolled so that what the event is about is in sight. */
import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Cast } from './cast';
import { Drawing } from './drawing';
import { layoutOf, type Room, startToShow } from './layout';
import type { Scene } from './scene';

interface Props {
  readonly id: string;
  readonly cast: Cast;
  readonly scene: Scene;
  readonly name: string;
}

/** True where the reader wants nothing to move. */
export const still = (): boolean => window.matchMedia('(prefers-reduced-motion: reduce)').matches;

/** The size of an element, followed. */
function useRoom(): { readonly at: RefObject<HTMLDivElement | null>; readonly width: number; readonly height: number } {
  const at = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 900, height: 460 });
  useLayoutEffect(() => {
    const element = at.current;
    if (element === null) return;
    const measure = (): void => setSize({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return { at, ...size };
}

export function Stage({ id, cast, scene, name }: Props) {
  const [unfolded, setUnfolded] = useState(false);
  const room = useRoom();
  const layout = useMemo(() => {
    const space: Room = { width: room.width, height: room.height, unfolded };
    return layoutOf(cast, space);
  }, [cast, room.width, room.height, unfolded]);

  // What the event is about stays in sight, however long the drawing is.
  useEffect(() => {
    const stage = room.at.current;
    const hot = [...scene.nodes.values()]
      .filter(({ tone }) => tone !== 'plain')
      .map((node) => layout.boxes.get(node.id))
      .filter((box) => box !== undefined);
    if (stage === null || hot.length === 0) return;
    const scale = (stage.querySelector('.drawing')?.clientWidth ?? layout.width) / layout.width;
    const top = startToShow(
      {
        from: scale * Math.min(...hot.map(({ y }) => y)),
        to: scale * Math.max(...hot.map(({ y, height }) => y + height)),
      },
      { from: stage.scrollTop, to: stage.scrollTop + stage.clientHeight },
    );
    const left = startToShow(
      {
        from: scale * Math.min(...hot.map(({ x }) => x)),
        to: scale * Math.max(...hot.map(({ x, width }) => x + width)),
      },
      { from: stage.scrollLeft, to: stage.scrollLeft + stage.clientWidth },
    );
    if (top !== stage.scrollTop || left !== stage.scrollLeft)
      stage.scrollTo({ top, left, behavior: still() ? 'auto' : 'smooth' });
  }, [scene, layout]);

  return (
    <div class="stage" ref={room.at}>
      <Drawing id={id} cast={cast} layout={layout} scene={scene} name={name} onUnfold={() => setUnfolded(true)} />
    </div>
  );
}
