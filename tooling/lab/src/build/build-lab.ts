import { copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { runToolOk } from '@varve/test-kit/tools'
import { buildInitrd } from './build-initrd.ts'
import { buildRoot, kernelOf, removeTree } from './build-root.ts'
import { findKernel } from './kernel.ts'
import { labFolder, rootSize } from './recipe.ts'
import { saveState } from './save-state.ts'

/** Gives the folder of the lab, building it when it is not there; another process that builds it is waited for. */
export async function ensureLab(say: (words: string) => void): Promise<string> {
  const kernel = await findKernel()
  const folder = labFolder(`${kernel.name} ${kernel.version}`)
  await mkdir(dirname(folder), { recursive: true })
  if (existsSync(folder)) return folder
  await using _lock = await lockOf(`${folder}.lock`)
  if (!existsSync(folder)) await build(folder, { kernel: kernel.name, say })
  return folder
}

interface BuildOptions {
  readonly kernel: string
  readonly say: (words: string) => void
}

async function build(folder: string, { kernel, say }: BuildOptions): Promise<void> {
  const made = await mkdtemp(`${folder}.new-`)
  const root = join(made, 'root')
  try {
    say('lab: Debian is installed into a folder')
    await buildRoot(root, { folder: made, kernel })
    say('lab: its disk is made')
    await copyFile(join(root, 'boot', `vmlinuz-${await kernelOf(root)}`), join(made, 'vmlinuz'))
    await buildInitrd(root, join(made, 'initrd.gz'))
    await makeDisk(root, made)
    await removeTree(root)
    say('lab: it boots once, and its state is saved')
    await saveState(made)
    await rename(made, folder)
  } catch (error) {
    await removeTree(made)
    throw error
  }
}

async function makeDisk(root: string, folder: string): Promise<void> {
  const raw = join(folder, 'root.raw')
  const options = ['-q', '-F', '-t', 'ext4', '-O', '^has_journal', '-L', 'lab', '-d', root]
  await runToolOk('mke2fs', [...options, raw, `${rootSize / 1024}k`])
  const output = join(folder, 'root.qcow2')
  await runToolOk('qemu-img', ['convert', '-c', '-O', 'qcow2', '-o', 'compression_type=zstd', raw, output])
  await rm(raw)
}

/** One build at a time: the file holds the process id of who builds. */
async function lockOf(path: string): Promise<AsyncDisposable> {
  for (;;) {
    try {
      await writeFile(path, String(process.pid), { flag: 'wx' })
      return { [Symbol.asyncDispose]: () => rm(path, { force: true }) }
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
      const owner = Number(await readFile(path, 'utf8').catch(() => ''))
      if (owner > 0 && !lives(owner)) await rm(path, { force: true })
      else await sleep(1000)
    }
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
