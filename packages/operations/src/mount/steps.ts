import type { InputOf } from '../actions/action.ts'
import { mountFilesystem } from '../actions/mount-filesystem.ts'
import { prepareFolder } from '../actions/prepare-folder.ts'
import { step, type DraftStep } from '../plans/plan.ts'
import type { Wired } from '../plans/wired.ts'
import type { MountFacts } from './facts.ts'

type Mounted = Omit<InputOf<typeof mountFilesystem>, 'folder'>

/** The folder, and what is mounted at it. */
export function folderSteps(
  { host, folder, folderIs }: MountFacts,
  mounted: { readonly [K in keyof Mounted]: Wired<Mounted[K]> },
): DraftStep[] {
  const estimate = { bytes: 0, seconds: 1 }
  return [
    step(prepareFolder, {
      id: 'folder',
      host,
      input: { attachment: mounted.attachment, folder, isNew: folderIs === 'missing' },
      estimate,
    }),
    step(mountFilesystem, { id: 'mount', host, input: { ...mounted, folder }, estimate }),
  ]
}
