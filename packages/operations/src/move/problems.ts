import { formatBytes } from '@varve/core/units/format-bytes'
import { formatRules } from '@varve/core/image/format-rules'
import { quote } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'
import { baseName } from '../actions/path-words.ts'
import { machineProblems, partOfProblems, remarks, useProblems } from '../image-files-problems.ts'
import type { MoveFacts } from './facts.ts'

/** What speaks against a move, and what it takes besides. */
export function moveProblems(facts: MoveFacts): Problem[] {
  return [
    ...takenProblems(facts),
    ...partOfProblems(facts, (image) => ['varve', 'move', image, 'TARGET']),
    ...useProblems(facts),
    ...useProblems({ uses: facts.childUses }),
    ...machineProblems(facts),
    ...roomProblems(facts),
    ...nameProblems(facts),
    ...unnameableProblems(facts),
    ...partProblems(facts),
    ...childrenProblems(facts),
    ...endingProblems(facts),
    ...remarks({ ...facts, elsewhere: [] }),
  ]
}

const folderOf = (path: string) => path.slice(0, -baseName(path).length)

export function takenProblems({ path, target, taken }: MoveFacts): Problem[] {
  if (path === target)
    return [
      {
        id: 'same-file',
        severity: 'block',
        layer: 'L1',
        file: target,
        message: `L1 ${quote(target)}: it has that name already`,
        remedy: 'Say another name or folder.',
      },
    ]
  return taken.map((file) => ({
    id: 'target-exists',
    severity: 'block',
    layer: 'L1',
    file,
    message: `L1 ${quote(file)}: there is another file of that name`,
    remedy: 'Say another name, or delete that one first.',
  }))
}

export function roomProblems({ isOneFilesystem, free, bytes, target }: MoveFacts): Problem[] {
  if (isOneFilesystem || free === null || free >= bytes) return []
  return [
    {
      id: 'no-space',
      severity: 'block',
      layer: 'L1',
      file: target,
      message: `L1 ${quote(target)}: the copy needs ${formatBytes(bytes)}, and ${formatBytes(free)} are free there`,
      remedy: 'Make room there, or say another place.',
      details: { wanted: bytes, available: free },
    },
  ]
}

/** The name of a parent that cannot be rewritten keeps an image where it is. */
function nameProblems({ path, parent, children }: MoveFacts): Problem[] {
  const own = parent && !parent.isWritten ? [path] : []
  const others = children.filter((child) => !child.isWritten).map((child) => child.path)
  return [...own, ...others].map((file) => ({
    id: 'parent-not-rewritten',
    severity: 'block',
    layer: 'L2',
    file,
    message: `L2 ${quote(file)}: it would not find its parent any more, and its format has no name of a parent that Varve rewrites`,
    remedy: 'Move the whole chain by hand, or flatten it first.',
  }))
}

/** Seen before anything is moved: the format of who names the parent has no room for every name. */
function unnameableProblems({ target, unnameable }: MoveFacts): Problem[] {
  return unnameable.map(({ path, reason }) => ({
    id: 'parent-not-nameable',
    severity: 'block',
    layer: 'L2',
    file: path,
    message: `L2 ${quote(path)}: ${reason}`,
    remedy: 'Choose another name or folder.',
    details: { target },
  }))
}

/** A descriptor that goes to another folder does not find parts that stay. */
function partProblems({ path, target, elsewhere }: MoveFacts): Problem[] {
  if (folderOf(path) === folderOf(target)) return []
  return elsewhere
    .filter((part) => !part.startsWith('/dev/'))
    .map((part) => ({
      id: 'part-stays',
      severity: 'block',
      layer: 'L1',
      file: path,
      message: `L1 ${quote(path)}: its part ${quote(part)} lies in another folder and would not be found from the new one`,
      remedy: 'Rename it within its folder only, or convert it to a format of one file.',
      details: { part },
    }))
}

function childrenProblems({ path, children }: MoveFacts): Problem[] {
  if (children.length === 0) return []
  const paths = children.map((child) => child.path)
  return [
    {
      id: 'children-rewritten',
      severity: 'warn',
      layer: 'L2',
      file: path,
      message: `L2 ${quote(path)}: ${paths.length === 1 ? 'an image is made over it, and what it says of its parent is rewritten' : `${paths.length} images are made over it, and what they say of their parent is rewritten`}: ${paths.map((one) => quote(one)).join(', ')}`,
      remedy: 'Each keeps an undo file; no byte of a guest is touched.',
      details: { children: paths },
    },
  ]
}

function endingProblems({ target, format, promised }: MoveFacts): Problem[] {
  if (promised === null || format === null) return []
  return [
    {
      id: 'wrong-ending',
      severity: 'warn',
      layer: 'L1',
      file: target,
      message: `L1 ${quote(target)}: its name says ${formatRules[promised].label}, and it is ${formatRules[format].label}`,
      remedy: `End its name in ${formatRules[format].extensions[0] ?? format}.`,
      details: { format, promised },
    },
  ]
}
