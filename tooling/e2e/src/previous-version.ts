import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { z } from 'zod'
import { root } from './fleet.ts'

const Previous = z.object({
  /** The last commit whose newest version of the protocol was the one before today's. */
  commit: z.string().regex(/^[0-9a-f]{40}$/u),
  protocol: z.number().int(),
})

/** Which version was before this one: `previous-version.json` is changed whenever the version of the protocol is raised. */
export const previous = Previous.parse(
  JSON.parse(await readFile(join(import.meta.dirname, 'previous-version.json'), 'utf8')),
)

/** Whether that version is in the history of this checkout; else the reason is printed. */
export async function hasPrevious(): Promise<boolean> {
  const { exitCode } = await execa('git', ['cat-file', '-e', `${previous.commit}^{commit}`], {
    cwd: root,
    reject: false,
  })
  if (exitCode === 0) return true
  process.stderr.write(
    `skipped: the version before is not in the history of this checkout (${previous.commit})\n`,
  )
  return false
}

/** Bundles the programs of the version before in a folder, with the dependencies of this one; gives where they are. */
export async function bundlePrevious(folder: string) {
  await mkdir(folder, { recursive: true })
  const sources = join(folder, 'sources.tar')
  await execa('git', ['archive', '--format=tar', '-o', sources, previous.commit], { cwd: root })
  await execa('tar', ['-xf', sources, '-C', folder])
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  for (const group of ['packages', 'apps', 'tooling']) {
    for (const name of await readdir(join(folder, group))) {
      const own = join(root, group, name, 'node_modules')
      // They are links to the packages beside them, and into the folder above.
      if (existsSync(own))
        await cp(own, join(folder, group, name, 'node_modules'), { recursive: true, verbatimSymlinks: true })
    }
  }
  await execa(process.execPath, ['tooling/bundle/src/main.ts'], { cwd: folder })
  return {
    controller: join(folder, 'packages/controller/bin/varve-controller.mjs'),
    agent: join(folder, 'packages/agent-linux/bin/varve-agent.mjs'),
  }
}
