import type { HostView } from '@varve/protocol/hosts'
import type { ImageRow, ImageView } from '@varve/protocol/images'
import { roomiestLibrary } from '../../plans/target-formats.ts'
import type { Subject } from './face.ts'

/** The image of a page as what an operation is wished for. */
export function imageSubject({ row, report, children }: ImageView, hostView: HostView | null): Subject {
  return { ...rowSubject(row), report, children: children.map(({ name }) => name), hostView }
}

/** An image of a list, of which less is known. */
export function rowSubject(row: ImageRow): Subject {
  return { host: row.host, library: row.library, row, report: null, children: [], hostView: null }
}

/** A host as a place for a new image: its roomiest library. */
export function hostSubject(hostView: HostView): Subject {
  const library = roomiestLibrary(hostView)
  return {
    host: hostView.name,
    library: library === '' ? null : library,
    row: null,
    report: null,
    children: [],
    hostView,
  }
}
