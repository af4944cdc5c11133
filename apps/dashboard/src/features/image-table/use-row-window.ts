import { useCallback, useEffect, useRef, useState } from 'react'
import { rowsInView, scrollToRow, type RowGeometry, type RowRange } from './view-of-rows.ts'

/** The rows of one height that an element scrolls to: give it `ref`; it is drawn again when other rows come into view. */
export function useRowWindow(geometry: RowGeometry) {
  const { rowHeight } = geometry
  const element = useRef<HTMLElement | null>(null)
  const [view, setView] = useState<RowRange>(() => rowsInView({ top: 0, height: 0 }, rowHeight))
  const look = useCallback(() => {
    if (!element.current) return
    const next = rowsInView(placeOf(element.current), rowHeight)
    setView((now) => (now.first === next.first && now.last === next.last ? now : next))
  }, [rowHeight])
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
    if (element.current) element.current.scrollTop = scrollToRow(index, placeOf(element.current), geometry)
  }
  /** Rows that fit at once. */
  const seenRows = () => Math.floor((element.current?.clientHeight ?? 400) / rowHeight)
  const toStart = useCallback(() => element.current?.scrollTo({ top: 0 }), [])
  return { ref, view, reveal, seenRows, toStart }
}

function placeOf({ scrollTop, clientHeight }: HTMLElement) {
  return { top: scrollTop, height: clientHeight }
}
