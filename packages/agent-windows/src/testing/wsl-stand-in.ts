interface Places {
  /** Where the Windows of the tests keeps what it has. */
  readonly stateFile: string
  readonly varve: string
}

/** A `wsl.exe` of the tests: it answers in German and in UTF-16, and has Varve resize the disk. */
export function wslProgram({ stateFile, varve }: Places): string {
  return String.raw`#!${process.execPath}
const { execFileSync } = require('node:child_process')
const { copyFileSync, readFileSync } = require('node:fs')
const state = JSON.parse(readFileSync(${JSON.stringify(stateFile)}, 'utf8'))
const [word, name, option, size] = process.argv.slice(2)
function say(text, code) {
  process.stdout.write(Buffer.from(text, process.env.WSL_UTF8 === '1' && code === 0 ? 'utf8' : 'utf16le'))
  process.exitCode = code
}
const keys = Object.values(state.registry.keys)
const found = keys.find(({ DistributionName }) => DistributionName === name)
if (word === '--list') say(state.running.map((one) => one + '\r\n').join(''), 0)
else if (word === '--version' && state.wslVersion !== null) say('WSL-Version: ' + state.wslVersion + '\r\nKernelversion: 6.6.87.2-1\r\n', 0)
else if (word === '--manage' && option === '--resize' && found) {
  // A copy: what asks for it holds the image.
  const image = found.BasePath + '\\ext4.vhdx'
  const copy = image + '.resized.vhdx'
  copyFileSync(image, copy)
  execFileSync(process.execPath, [${JSON.stringify(varve)}, 'grow', copy, '--to', size, '--partition', 'none', '--yes'])
  copyFileSync(copy, image)
  say('Der Vorgang wurde erfolgreich beendet. \r\n', 0)
} else say('Befehlszeilenoption ungültig: ' + word + '\r\n', 1)
`
}
