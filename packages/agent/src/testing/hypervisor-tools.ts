import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'

const varve = resolve(import.meta.dirname, '../../../cli/bin/varve.mjs')

/** What such a tool does instead of what it should. */
export type ToolLie = 'nothing' | 'half' | 'other-disk' | 'other-kind' | 'fails' | 'hangs' | 'no-parent'

export interface HypervisorState {
  /** What VirtualBox has in its registry. */
  readonly media: readonly { readonly uuid: string; readonly location: string }[]
  readonly lie: ToolLie | null
  /** VirtualBox says that it forgets a medium, and does not. */
  readonly keepsMedia: boolean
}

const program = String.raw`
const { execFileSync } = require('node:child_process')
const { randomUUID } = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')
const read = () => JSON.parse(fs.readFileSync(stateFile, 'utf8'))
const save = (change) => fs.writeFileSync(stateFile, JSON.stringify({ ...read(), ...change }))
const run = (...words) => execFileSync(process.execPath, [varve, ...words], { stdio: 'pipe' })
function fail(text) {
  process.stderr.write(text + '\n')
  process.exit(1)
}
/** Writes the disk, or what the state says instead. */
function write({ source, target, format, kind, sourceFormat }) {
  const { lie } = read()
  if (fs.existsSync(target)) fail('Datei existiert bereits')
  if (lie === 'hangs') return Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  if (lie === 'fails') fail('Auf dem Datenträger ist nicht genügend Speicher verfügbar')
  if (lie === 'nothing') return
  const of = kind === null ? [] : ['--subformat', lie === 'other-kind' ? (kind === 'streamOptimized' ? 'monolithicSparse' : format === 'vmdk' ? 'streamOptimized' : kind === 'fixed' ? 'dynamic' : 'fixed') : kind]
  if (lie === 'other-disk') run('create', target, '--size', '4M', '-O', format)
  else run('convert', source, target, '-f', sourceFormat, '-O', format, ...of, '--accept', 'raw-unrecognised', '--yes')
  if (lie === 'half') fs.truncateSync(target, Math.floor(fs.statSync(target).size / 2))
}
const words = process.argv.slice(2)
`

const vboxmanage = String.raw`
const note = (location) => save({ media: [...read().media.filter((one) => one.location !== location), { uuid: randomUUID(), location }] })
const values = Object.fromEntries(words.flatMap((word, at) => (word.startsWith('--') ? [[word.slice(2), words[at + 1]]] : [])))
const kinds = { Standard: { VDI: 'dynamic', VHD: 'dynamic', VMDK: 'monolithicSparse' }, Fixed: { VDI: 'fixed', VHD: 'fixed', VMDK: 'monolithicFlat' }, Stream: { VMDK: 'streamOptimized' }, Split2G: { VMDK: 'twoGbMaxExtentSparse' }, 'Fixed,Split2G': { VMDK: 'twoGbMaxExtentFlat' } }
const [verb] = words
if (verb === 'list') {
  // Another language has other words for the same.
  process.stdout.write(read().media.map(({ uuid, location }) => 'UUID:           ' + uuid + '\nEltern-UUID:    base\nStatus:         created\nTyp:            normal (base)\nSpeicherort:    ' + location + '\nSpeicherformat: VDI\nKapazität:      5 MBytes\n').join('\n'))
} else if (verb === 'clonemedium' || verb === 'convertfromraw') {
  const isRaw = verb === 'convertfromraw'
  const [source, target] = isRaw ? words.slice(1) : words.slice(2)
  if (!isRaw && path.extname(source) === '.raw') fail('VERR_NOT_SUPPORTED')
  if (!isRaw) { note(source); note(target) }
  process.stderr.write('0%...10%...20%...')
  const kind = values.variant === undefined ? null : kinds[values.variant][values.format]
  write({ source, target, format: values.format.toLowerCase(), kind, sourceFormat: isRaw ? 'raw' : path.extname(source).slice(1) })
  process.stderr.write('30%...100%\n')
} else if (verb === 'closemedium') {
  const { media, keepsMedia } = read()
  if (!media.some(({ location }) => location === words[2])) fail('VBOX_E_OBJECT_NOT_FOUND (0x80bb0001)')
  if (!keepsMedia) save({ media: media.filter(({ location }) => location !== words[2]) })
} else fail('Syntaxfehler')
`

const vdiskmanager = String.raw`
const [r, source, t, type, target] = words
const kinds = { 0: 'monolithicSparse', 1: 'twoGbMaxExtentSparse', 2: 'monolithicFlat', 3: 'twoGbMaxExtentFlat', 5: 'streamOptimized' }
if (r === '-e') {
  const { lie } = read()
  if (lie === 'fails') fail('Zugriff verweigert')
  // As Workstation says it: what fails first, and that all is well in the end.
  if (lie === 'no-parent') process.stdout.write("Fehler beim Öffnen der Festplatte '" + source + "' : Das übergeordnete Element fehlt (0x3e8c).\n")
  process.stdout.write('Disk link ' + source + ' successfully opened.\n')
  process.exit(0)
}
if (r !== '-r' || t !== '-t') fail('usage')
process.stdout.write("VixDiskLib: Failed to initialize PhoneHome library.\nCreating disk '" + target + "'\n\r  Konvertieren: 50% erledigt.")
write({ source, target, format: 'vmdk', kind: kinds[type], sourceFormat: 'vmdk' })
process.stdout.write('\r  Konvertieren: 100% erledigt.\n')
`

/** VirtualBox and VMware Workstation of the tests: programs that have Varve write, and keep what they know in a file. */
export class HypervisorTools {
  /** Where the programs are. */
  readonly folder: string
  readonly #stateFile: string

  private constructor(folder: string) {
    this.folder = folder
    this.#stateFile = join(folder, 'hypervisors.json')
  }

  static async plant(place: string): Promise<HypervisorTools> {
    const tools = new HypervisorTools(join(place, 'hypervisors'))
    await mkdir(tools.folder)
    const own = `const stateFile = ${JSON.stringify(tools.#stateFile)}\nconst varve = ${JSON.stringify(varve)}\n`
    const programs = { VBoxManage: vboxmanage, 'vmware-vdiskmanager': vdiskmanager }
    for (const [name, text] of Object.entries(programs))
      await writeFile(join(tools.folder, name), `#!${process.execPath}\n${own}${program}${text}`, {
        mode: 0o755,
      })
    await writeFile(tools.#stateFile, JSON.stringify({ media: [], lie: null, keepsMedia: false }))
    return tools
  }

  async state(): Promise<HypervisorState> {
    return JSON.parse(await readFile(this.#stateFile, 'utf8')) as HypervisorState
  }

  async set(change: Partial<HypervisorState>): Promise<void> {
    await writeFile(this.#stateFile, JSON.stringify({ ...(await this.state()), ...change }))
  }
}
