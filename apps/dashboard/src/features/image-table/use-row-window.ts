import { useCallback, useEffect, useRef, useState } from 'react'
import { drawnHeight, scrolledAt, scrolledTo, unscrolled, type RowScroll } from './row-scroll.ts'
import { rowsInView, scrollToRow, type RowRange } from './view-of-rows.ts'

interface RowWindow extends RowRange {
  /** How far rows are to be moved from their places in the list, in pixels, to stand where the element is scrolled to. */
  readonly shift: number
}

/**
 * The rows of one height that an element scrolls to: give it `ref`, and the rows' box within it `height`. It is drawn
 * again when other rows come into view. Lists that are higher than browsers allow have a bar that goes faster.
 */
export function useRowWindow({ rowHeight, count }: { readonly rowHeight: number; readonly count: number }) {
  const element = useRef<HTMLElement | null>(null)
  const at = useRef<RowScroll>(unscrolled)
  const height = drawnHeight(count * rowHeight)
  const surplus = count * rowHeight - height
  const [view, setView] = useState<RowWindow>(() => ({
    ...rowsInView({ top: 0, height: 0 }, rowHeight),
    shift: 0,
  }))

  const show = useCallback(
    (scroller: HTMLElement, to: RowScroll) => {
      if (to.drawn !== scroller.scrollTop) scroller.scrollTop = to.drawn
      // The browser may keep whole pixels only; the rows stand by what it kept.
      at.current = { ...to, drawn: scroller.scrollTop }
      const rows = rowsInView({ top: to.listed, height: scroller.clientHeight }, rowHeight)
      const shift = at.current.drawn - to.listed
      setView((now) =>
        now.first === rows.first && now.last === rows.last && now.shift === shift ? now : { ...rows, shift },
      )
    },
    [rowHeight],
  )
  const look = useCallback(() => {
    const scroller = element.current
    if (scroller) show(scroller, scrolledTo(at.current, placeOf(scroller), surplus))
  }, [show, surplus])
  useEffect(look, [look])
  const ref = useCallback(
    (scroller: HTMLElement | null) => {
      if (!scroller) return undefined
      element.current = scroller
      const resizing = new ResizeObserver(look)
      resizing.observe(scroller)
      scroller.addEventListener('scroll', look, { passive: true })
      return () => {
        element.current = null
        resizing.disconnect()
        scroller.removeEventListener('scroll', look)
      }
    },
    [look],
  )
  const reveal = (index: number) => {
    const scroller = element.current
    if (!scroller) return
    const seen = { top: at.current.listed, height: scroller.clientHeight }
    const headHeight = scroller.scrollHeight - height
    const top = scrollToRow(index, seen, { rowHeight, headHeight })
    if (top !== seen.top) show(scroller, scrolledAt(top, placeOf(scroller).most, surplus))
  }
  /** Rows that fit at once. */
  const seenRows = () => Math.floor((element.current?.clientHeight ?? 400) / rowHeight)
  const toStart = useCallback(() => {
    if (element.current) show(element.current, unscrolled)
  }, [show])
  return { ref, view, height, reveal, seenRows, toStart }
}

function placeOf({ scrollTop, clientHeight, scrollHeight }: HTMLElement) {
  return { top: scrollTop, height: clientHeight, most: scrollHeight - clientHeight }
}
