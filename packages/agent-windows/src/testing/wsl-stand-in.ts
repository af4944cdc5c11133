interface Places {
  /** Where the Windows of the tests keeps what it has. */
  readonly stateFile: string
  readonly varve: string
}

/**
 * A `wsl.exe` of the tests: it answers in German and in UTF-16, has Varve resize the disk, and keeps what runs and where disks
 * are in the state.
 */
export function wslProgram({ stateFile, varve }: Places): string {
  return String.raw`#!${process.execPath}
const { execFileSync } = require('node:child_process')
const { randomUUID } = require('node:crypto')
const { copyFileSync, readFileSync, renameSync, unlinkSync, writeFileSync } = require('node:fs')
const stateFile = ${JSON.stringify(stateFile)}
const state = JSON.parse(readFileSync(stateFile, 'utf8'))
const words = process.argv.slice(2)
const [word, name, option, value] = words
function say(text, code = 0) {
  process.stdout.write(Buffer.from(text, process.env.WSL_UTF8 === '1' && code === 0 ? 'utf8' : 'utf16le'))
  process.exitCode = code
}
const fail = (text, code) => say(text + '\r\nFehlercode: ' + code + '\r\n', 255)
function keep(change) {
  writeFileSync(stateFile, JSON.stringify({ ...state, ...change }))
  say('Der Vorgang wurde erfolgreich beendet. \r\n')
}
const isCalled = (one) => one.toLowerCase() === name?.toLowerCase()
const keys = state.registry.keys
const found = Object.entries(keys).find(([, { DistributionName }]) => DistributionName === name)
const imageOf = ({ BasePath, VhdFileName = 'ext4.vhdx' }) => BasePath + '\\' + VhdFileName
const isSince = (least) => state.wslVersion !== null && Number(state.wslVersion.split('.').slice(0, 2).join('.')) >= least

const managing = {
  // A copy: what asks for it holds the image.
  '--resize'([, own]) {
    const image = imageOf(own)
    const copy = image + '.resized.vhdx'
    copyFileSync(image, copy)
    execFileSync(process.execPath, [${JSON.stringify(varve)}, 'grow', copy, '--to', value, '--partition', 'none', '--yes'])
    copyFileSync(copy, image)
    say('Der Vorgang wurde erfolgreich beendet. \r\n')
  },
  '--set-sparse'([, own]) {
    if (value === 'true' && isSince(2.5) && !words.includes('--allow-unsafe'))
      return fail('Die Unterstützung für VHDs mit geringer Dichte ist deaktiviert.', 'Wsl/Service/E_INVALIDARG')
    const { registry } = state
    keep({ registry: { ...registry, files: { ...registry.files, [imageOf(own)]: value === 'true' ? 0x220 : 0x20 } } })
  },
  '--move'([key, own]) {
    const { registry } = state
    const moved = { ...own, BasePath: value }
    renameSync(imageOf(own), imageOf(moved))
    if (state.movesHalf) return fail('Zugriff verweigert', 'Wsl/Service/MoveDistro/E_ACCESSDENIED')
    const files = { ...registry.files, [imageOf(moved)]: registry.files[imageOf(own)] ?? 0x20 }
    delete files[imageOf(own)]
    keep({ registry: { keys: { ...keys, [key]: moved }, files } })
  },
}

if (word === '--list') say(state.running.map((one) => one + '\r\n').join(''))
else if (word === '--version' && state.wslVersion !== null) say('WSL-Version: ' + state.wslVersion + '\r\nKernelversion: 6.6.87.2-1\r\n')
else if (word === '--manage' && !found) fail('Es gibt keine Distribution mit dem angegebenen Namen.', 'Wsl/Service/WSL_E_DISTRO_NOT_FOUND')
else if (word === '--manage' && state.running.some(isCalled)) fail('Die VHD wird zurzeit verwendet.', 'Wsl/Service/WSL_E_DISTRO_NOT_STOPPED')
else if (word === '--manage' && managing[option]) managing[option](found)
else if (word === '--terminate' && found) keep({ running: state.keepsDisks ? state.running : state.running.filter((one) => !isCalled(one)) })
else if (word === '--export' && found && words[3] === '--vhd') {
  const image = imageOf(found[1])
  if (!option.endsWith('.vhdx')) fail('Die Datei muss auf .vhdx enden.', 'Wsl/E_INVALIDARG')
  else if (state.running.some(isCalled)) fail('Die VHD wird zurzeit verwendet.', 'Wsl/Service/ERROR_SHARING_VIOLATION')
  else {
    copyFileSync(image, option)
    if (state.exportDiffers) {
      const bytes = readFileSync(option)
      bytes[bytes.indexOf('varve ')] = 7
      writeFileSync(option, bytes)
    }
    say('Der Vorgang wurde erfolgreich beendet. \r\n')
  }
} else if ((word === '--import' || word === '--import-in-place') && found) fail('Der Name wird bereits verwendet.', 'Wsl/Service/RegisterDistro/ERROR_ALREADY_EXISTS')
else if (word === '--import' && words[4] === '--vhd') {
  copyFileSync(value, option + '\\ext4.vhdx')
  register({ BasePath: option })
} else if (word === '--import-in-place') {
  const cut = option.lastIndexOf('\\') < 0 ? option.lastIndexOf('/') : option.lastIndexOf('\\')
  register({ BasePath: option.slice(0, cut), VhdFileName: option.slice(cut + 1) })
} else if (word === '--unregister' && found) {
  const { [found[0]]: gone, ...others } = keys
  unlinkSync(imageOf(gone))
  keep({ registry: { ...state.registry, keys: others } })
} else if (word === '--distribution' && found && words[5] === 'fstrim') {
  keepRunning()
  process.exitCode = state.trimFails ? 1 : 0
  if (state.trimFails) process.stderr.write('fstrim: /: the discard operation is not supported\n')
  else process.stdout.write('/: 1,2 GiB (1288490188 Bytes) getrimmt\n')
} else say('Befehlszeilenoption ungültig: ' + word + '\r\n', 1)

function register(own) {
  const lxss = 'HKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Lxss'
  const key = lxss + '\\{' + randomUUID() + '}'
  const added = { DistributionName: name, Flags: 15, State: 1, ...own }
  const { files } = state.registry
  keep({ registry: { keys: { ...keys, [key]: added }, files: { ...files, [imageOf(added)]: 0x20 } } })
}

function keepRunning() {
  writeFileSync(stateFile, JSON.stringify({ ...state, running: [...state.running.filter((one) => !isCalled(one)), name] }))
}
`
}
