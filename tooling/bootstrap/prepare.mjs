import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { minimumNode, nodeVersion, powershellVersion, systemTools } from './requirements.mjs'

export const root = resolve(import.meta.dirname ?? dirname(new URL(import.meta.url).pathname), '../..')
const home = join(root, '.varve')

/** What a person must know when the set-up cannot go on: one sentence. */
export class SetupError extends Error {
  constructor(message, exitCode = 1) {
    super(message)
    this.exitCode = exitCode
  }
}

function say(text) {
  process.stderr.write(`${text}\n`)
}

function findTool(tool) {
  for (const folder of [
    ...(process.env.PATH ?? '').split(delimiter),
    '/usr/local/sbin',
    '/usr/sbin',
    '/sbin',
  ]) {
    const path = join(folder, tool)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      continue
    }
  }
  return null
}

let running = null
let interrupted = false
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    interrupted = true
    running?.kill(signal)
  })
}

/** Runs a program to its end; what it says last becomes the text of the error. */
function run(program, args, { env = process.env, what }) {
  return new Promise((done, fail) => {
    const child = spawn(program, args, { cwd: root, env, stdio: ['inherit', 'pipe', 'pipe'] })
    running = child
    let tail = ''
    const keep = (bytes) => {
      tail = (tail + bytes.toString('utf8')).slice(-4000)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.on('error', (error) => fail(new SetupError(`${what} failed: ${error.message}`)))
    child.on('exit', (code) => {
      running = null
      if (interrupted) return fail(new SetupError('Stopped.', 130))
      if (code === 0) return done()
      fail(new SetupError(`${what} failed (${program} exited with ${code}):\n${explainTail(tail)}`))
    })
  })
}

function explainTail(tail) {
  if (/ENOSPC|No space left/u.test(tail)) return 'There is no space left on the disk.'
  if (/EACCES|Permission denied/u.test(tail))
    return 'This user may not write there: use a checkout that belongs to you.'
  return tail.trim().split('\n').slice(-12).join('\n')
}

/** npm as it comes with the running Node, without a shell. */
function npmCommand() {
  const script = process.env.npm_execpath
  if (script && /npm-cli\.[cm]?js$/u.test(script) && existsSync(script)) return [process.execPath, script]
  const npm = findTool('npm')
  if (!npm) throw new SetupError('npm is missing: install the npm that belongs to your Node.')
  return [npm]
}

async function npmInstall(folder, packages, what) {
  mkdirSync(folder, { recursive: true })
  if (!existsSync(join(folder, 'package.json')))
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  const [program, ...first] = npmCommand()
  const args = [
    ...first,
    'install',
    '--prefix',
    folder,
    '--no-audit',
    '--no-fund',
    '--no-save',
    '--loglevel=error',
    ...packages,
  ]
  // npm hands its own settings to its scripts as variables; another npm must not inherit those of this checkout.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(?:package|lifecycle|command)/u.test(name)),
  )
  await run(program, args, { env, what })
}

async function ensureNode() {
  if (Number(process.versions.node.split('.')[0]) >= minimumNode) return process.execPath
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const folder = join(home, 'node')
  const binary = join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  const works = () =>
    spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout?.trim() === `v${nodeVersion}`
  if (existsSync(binary) && works()) return binary
  say(`Fetching Node ${nodeVersion} (this one is ${process.versions.node}) …`)
  await npmInstall(folder, [`${name}@${nodeVersion}`], `Fetching Node ${nodeVersion}`)
  if (!works())
    throw new SetupError(
      `Node ${nodeVersion} does not run on this machine: install Node ${minimumNode} or later by hand.`,
    )
  return binary
}

function pinnedPnpm() {
  const { packageManager = '' } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return packageManager.replace(/^pnpm@/u, '')
}

async function ensurePnpm() {
  const version = pinnedPnpm()
  const folder = join(home, 'pnpm')
  const binary = join(folder, 'node_modules', '.bin', process.platform === 'win32' ? 'pnpm.cmd' : 'pnpm')
  const works = () =>
    spawnSync(binary, ['--version'], { encoding: 'utf8', cwd: home }).stdout?.trim() === version
  if (existsSync(binary) && works()) return binary
  say(`Fetching pnpm ${version} …`)
  await npmInstall(folder, [`pnpm@${version}`], `Fetching pnpm ${version}`)
  if (!works()) throw new SetupError(`pnpm ${version} does not run on this machine.`)
  return binary
}

function dependencyStamp() {
  const hash = createHash('sha256')
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json'])
    hash.update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

async function ensureDependencies(pnpm, env) {
  const stampFile = join(home, 'dependencies')
  const stamp = dependencyStamp()
  if (
    existsSync(join(root, 'node_modules')) &&
    existsSync(stampFile) &&
    readFileSync(stampFile, 'utf8') === stamp
  )
    return
  say('Installing dependencies …')
  await run(pnpm, ['install', '--frozen-lockfile', '--reporter=append-only'], {
    env: { ...env, CI: 'true' },
    what: 'Installing dependencies',
  })
  writeFileSync(stampFile, stamp)
}

/** Whether Debian's own Python has the module; true where none is asked for. */
function hasModule(module) {
  if (module === undefined) return true
  try {
    return readdirSync('/usr/lib/python3/dist-packages').some((name) => name.split('.')[0] === module)
  } catch {
    return false
  }
}

async function ensureSystemTools(task) {
  const missing = systemTools.filter(
    ({ tool, tasks, module, file }) =>
      tasks.includes(task) &&
      ((file === undefined ? findTool(tool) === null : !existsSync(file)) || !hasModule(module)),
  )
  if (missing.length === 0) return
  const packages = [...new Set(missing.map(({ debian }) => debian))]
  const byHand = `apt-get install ${packages.join(' ')}`
  const names = missing.map(({ tool }) => tool).join(', ')
  const apt = findTool('apt-get')
  if (!apt)
    throw new SetupError(
      `These programs are missing: ${names}. Install them (on Debian: ${byHand}), then start again.`,
    )
  const prefix = process.getuid?.() === 0 ? [] : sudoPrefix()
  if (!prefix) throw new SetupError(`These programs are missing: ${names}. As root, run: ${byHand}`)
  say(`Installing Debian packages: ${packages.join(' ')} …`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const install = [
    ...prefix,
    'env',
    'DEBIAN_FRONTEND=noninteractive',
    apt,
    'install',
    '-y',
    '-q',
    '--no-install-recommends',
    ...packages,
  ]
  const update = [...prefix, apt, 'update', '-q']
  const what = `Installing ${packages.join(' ')} (by hand: ${byHand})`
  await run(update[0], update.slice(1), { env, what })
  await run(install[0], install.slice(1), { env, what })
}

/** Fetches PowerShell where the .NET SDK is; without it the tests of Windows scripts say why they skip. */
async function ensurePowershell(task) {
  const dotnet = findTool('dotnet')
  const folder = join(home, 'powershell', powershellVersion)
  if (task !== 'test' || !dotnet || existsSync(join(folder, 'pwsh'))) return
  say(`Fetching PowerShell ${powershellVersion} …`)
  const args = ['tool', 'install', 'PowerShell', '--version', powershellVersion, '--tool-path', folder]
  const env = { ...process.env, DOTNET_CLI_TELEMETRY_OPTOUT: '1', DOTNET_NOLOGO: '1' }
  try {
    await run(dotnet, args, { env, what: 'Fetching PowerShell' })
  } catch (error) {
    if (interrupted || !(error instanceof SetupError)) throw error
    say(`${error.message}\nTests that need PowerShell are skipped.`)
  }
}

/** How to become root: nothing to ask for a password when there is no terminal. */
function sudoPrefix() {
  const sudo = findTool('sudo')
  if (!sudo) return null
  if (spawnSync(sudo, ['-n', 'true'], { stdio: 'ignore' }).status === 0) return [sudo, '-n']
  return process.stdin.isTTY ? [sudo] : null
}

function processLives(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** Only one set-up at a time in a checkout; waits for another one to end. */
async function withLock(work) {
  const lock = join(home, 'setup.lock')
  for (let told = false; ;) {
    try {
      const file = openSync(lock, 'wx')
      writeFileSync(file, String(process.pid))
      closeSync(file)
      break
    } catch (error) {
      if (error.code !== 'EEXIST') throw writeProblem(error)
      const owner = existsSync(lock) ? Number(readFileSync(lock, 'utf8')) : 0
      if (owner > 0 && !processLives(owner)) {
        rmSync(lock, { force: true })
        continue
      }
      if (!told) say('Waiting for another set-up of this checkout to end …')
      told = true
      await new Promise((done) => setTimeout(done, 200))
      if (interrupted) throw new SetupError('Stopped.', 130)
    }
  }
  try {
    return await work()
  } finally {
    rmSync(lock, { force: true })
  }
}

function writeProblem(error) {
  if (error.code === 'ENOSPC') return new SetupError(`There is no space left on the disk of ${root}.`)
  if (error.code === 'EACCES' || error.code === 'EROFS' || error.code === 'EPERM') {
    return new SetupError(`This user may not write in ${root}: use a checkout that belongs to you.`)
  }
  return error
}

/** Systems whose release tests make: Linux, and Windows for Wine. */
const releasedInTests = ['linux-x64', 'windows-x64']

/** What the releases that tests make consist of, beside the checkout's own: they fetch nothing themselves. */
async function ensureReleaseParts(task, node, env) {
  if (task !== 'test' || process.platform !== 'linux' || process.arch !== 'x64') return
  const stampFile = join(home, 'release-parts')
  const stamp = createHash('sha256')
    .update(readFileSync(join(root, 'tooling/release/parts/pnpm-lock.yaml')))
    .update(releasedInTests.join())
    .digest('hex')
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return
  say('Fetching the parts of a release …')
  try {
    const wanted = releasedInTests.flatMap((name) => ['--target', name])
    await run(node, ['tooling/release/src/main.ts', 'fetch', ...wanted], {
      env,
      what: 'Fetching the parts of a release',
    })
    writeFileSync(stampFile, stamp)
  } catch (error) {
    // Who tests without a network is told by the tests what they skip.
    if (!(error instanceof SetupError) || process.env.CI === 'true') throw error
    say(error.message)
  }
}

/** Fetches all that `task` needs; gives the Node to run it with and what belongs in front of its PATH. */
export async function prepare(task) {
  try {
    mkdirSync(home, { recursive: true })
  } catch (error) {
    throw writeProblem(error)
  }
  return await withLock(async () => {
    await ensureSystemTools(task)
    const node = await ensureNode()
    const pnpm = await ensurePnpm()
    const paths = [dirname(node), dirname(pnpm), join(root, 'node_modules', '.bin')]
    const env = { ...process.env, PATH: [...paths, process.env.PATH ?? ''].join(delimiter) }
    await ensureDependencies(pnpm, env)
    await ensurePowershell(task)
    await ensureReleaseParts(task, node, env)
    await run(node, ['tooling/bundle/src/main.ts'], { env, what: 'Bundling the programs' })
    // ./varve reads this to start without a set-up.
    writeFileSync(join(home, 'node-path'), `${node}\n`)
    return { node, paths }
  })
}
