import { basename, dirname, join } from 'node:path'
import { DiskError, quote } from '@varve/core/problems/disk-error'

/** A file that Varve keeps for itself beside an image. */
interface OwnKind {
  readonly name: RegExp
  /** What it is and how it goes away. */
  readonly words: (image: string) => { readonly is: string; readonly remedy: string }
}

const kinds: readonly OwnKind[] = [
  {
    name: /^\.(?<image>.+)\.varve(?:-[0-9a-f]{16})?-[0-9a-f]{16}\.serving$/u,
    words: (image) => ({
      is: `says that a process serves ${image}`,
      remedy: 'It goes away by itself when that is served no more.',
    }),
  },
  {
    name: /^\.(?<image>.+)\.varve(?:-[0-9a-f]{16})?\.lock$/u,
    words: (image) => ({
      is: `says that a run works on ${image}`,
      remedy: 'It goes away by itself when that run is over: varve runs shows it.',
    }),
  },
  {
    name: /^\.(?<image>.+)\.[\w-]{1,64}\.undo$/u,
    words: (image) => ({
      is: `takes back a change of ${image}`,
      remedy:
        'It goes away by itself when its run is undone (varve runs ID --undo). Remove the file yourself when the change is to stay.',
    }),
  },
  {
    name: /^\.(?<image>.+)\.[\w-]{1,64}\.part(?:\.vhdx)?$/u,
    words: (image) => ({
      is: `becomes ${image} when it is whole`,
      remedy:
        'It goes away by itself when what makes it ends. varve doctor finds what is left of work that does not go on.',
    }),
  },
]

/** Throws `refused` for the name of a file by which Varve keeps account of an image, which is no image of its own. */
export function assertNotOwnName(path: string): void {
  for (const { name, words } of kinds) {
    const image = name.exec(basename(path))?.groups?.['image']
    if (image === undefined) continue
    const { is, remedy } = words(quote(join(dirname(path), image)))
    throw new DiskError('refused', {
      file: path,
      reason: `it is a file of Varve's own, which ${is}`,
      remedy,
      finding: 'own-file',
      layer: 'L1',
    })
  }
}
