/** Browsers cap an element's height (Chromium at 33.5 million pixels, Firefox at 17.9), and lose fractions well below. */
const mostDrawn = 4_000_000
/** So far from either end a pixel that is scrolled is a pixel of the list, so that both ends are reached as usual. */
const exactEnd = 100_000
/** A wheel, a finger or a key moves by less than so many views at once; what moves further is the bar that is dragged. */
const viewsOfStep = 4

/** What is scrolled, as the browser tells it, in pixels. */
export interface ScrollPlace {
  readonly top: number
  /** How much is seen at once. */
  readonly height: number
  /** The greatest `top`. */
  readonly most: number
}

/**
 * Where a list is scrolled to, in pixels: what the element is scrolled by, and how much of the list lies above what is
 * seen. The two are the same unless the list is higher than an element may be.
 */
export interface RowScroll {
  readonly drawn: number
  readonly listed: number
}

export const unscrolled: RowScroll = { drawn: 0, listed: 0 }

/** The height of the element that stands for a list of so many pixels. */
export function drawnHeight(listHeight: number): number {
  return Math.min(listHeight, mostDrawn)
}

/** Where the list stands after the element was scrolled; where `drawn` differs from the place's top, the element is to be moved there. */
export function scrolledTo(before: RowScroll, place: ScrollPlace, surplus: number): RowScroll {
  const { top, height, most } = place
  if (surplus <= 0) return { drawn: top, listed: top }
  const by = top - before.drawn
  if (by === 0) return before
  if (Math.abs(by) > viewsOfStep * height) return { drawn: top, listed: toListed(top, most, surplus) }
  const listed = Math.max(0, Math.min(most + surplus, before.listed + by))
  const toEnd = Math.min(top, listed, most - top, most + surplus - listed)
  // Steps of one pixel for one let the bar lag behind; it is set right before an end is met.
  return toEnd < endOf(most) / 2 ? { drawn: toDrawn(listed, most, surplus), listed } : { drawn: top, listed }
}

/** The same place of the list, with the bar where it belongs. */
export function scrolledAt(listed: number, most: number, surplus: number): RowScroll {
  const within = Math.max(0, Math.min(most + Math.max(0, surplus), listed))
  return { drawn: surplus <= 0 ? within : toDrawn(within, most, surplus), listed: within }
}

function endOf(most: number): number {
  return Math.min(exactEnd, most / 4)
}

function toListed(drawn: number, most: number, surplus: number): number {
  const end = endOf(most)
  if (drawn <= end) return drawn
  if (drawn >= most - end) return drawn + surplus
  const inner = most - 2 * end
  return end + ((drawn - end) * (inner + surplus)) / inner
}

function toDrawn(listed: number, most: number, surplus: number): number {
  const end = endOf(most)
  if (listed <= end) return listed
  if (listed >= most + surplus - end) return listed - surplus
  const inner = most - 2 * end
  return end + ((listed - end) * inner) / (inner + surplus)
}
