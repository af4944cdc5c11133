import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { programs as programsOf } from '@varve/bundle/programs'
import { makePrograms } from '@varve/release/make-tree'
import { stageParts } from '@varve/release/parts'
import { findTarget } from '@varve/release/targets'
import { removeTree } from '@varve/test-kit/build-once'

const programs = String.raw`Z:\work\varve\lib\varve\packages`

/** Programs of `placePrograms` as Windows names them, where they were put into `work/varve`. */
export const windowsPaths = {
  node: String.raw`Z:\work\varve\lib\node\bin\node.exe`,
  varve: String.raw`Z:\work\varve\bin\varve.cmd`,
  agent: String.raw`${programs}\agent-windows\bin\varve-agent.mjs`,
  koffi: String.raw`Z:\work\varve\lib\varve\node_modules\@koromix\koffi-win32-x64\win32_x64\koffi.node`,
} as const

/** Puts the agent and the command of this checkout into `folder`, with their Node; nothing is asked of a network. */
export async function placePrograms(folder: string): Promise<void> {
  const target = findTarget('windows-x64')
  const parts = `${folder}.parts`
  try {
    const wanted = programsOf(target.system).filter(({ name }) => name !== 'controller')
    const modules = await stageParts(target, parts, { fetch: false })
    const { tree } = await makePrograms(target, modules, wanted)
    const folders = new Set(tree.map(({ path }) => dirname(join(folder, path))))
    for (const one of folders) await mkdir(one, { recursive: true })
    await Promise.all(
      tree.map(async (entry) => {
        if (entry.kind === 'link') throw new Error(`${entry.path} is a link, which Windows does not have`)
        const path = join(folder, entry.path)
        await (entry.kind === 'file' ? writeFile(path, entry.bytes) : copyFile(entry.from, path))
      }),
    )
  } finally {
    await removeTree(parts)
  }
}
