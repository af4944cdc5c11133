interface Places {
  /** Where the Windows of the tests keeps what it has. */
  readonly stateFile: string
}

/** A `diskpart.exe` of the tests: it answers in Spanish, and says that all went well whatever it did. */
export function diskpartProgram({ stateFile }: Places): string {
  return String.raw`#!${process.execPath}
const { existsSync, readFileSync, writeFileSync } = require('node:fs')
const place = ${JSON.stringify(stateFile)}
const state = JSON.parse(readFileSync(place, 'utf8'))
const [word, file] = process.argv.slice(2)
if (word !== '/s') process.exit(2)
const text = readFileSync(file, 'latin1')
let said = '\r\nMicrosoft DiskPart\r\n\r\n'
let image = null
for (const line of state.diskpart === 'nothing' ? [] : text.split('\r\n')) {
  const named = /^select vdisk file="([^"]+)"$/.exec(line)
  const isThere = state.disks.some(({ path }) => path === image)
  if (named) image = named[1]
  else if (/^attach vdisk( readonly)?$/.test(line) && image && existsSync(image) && !isThere)
    state.disks.push({ number: 1 + state.disks.length, path: image, isReadOnly: line.endsWith('readonly'), isOffline: state.keepsOffline, folders: { 1: ['E:\\'] } })
  else if (line === 'detach vdisk') state.disks = state.disks.filter(({ path }) => path !== image)
  else if (line !== '') said += 'Error del servicio.\r\n'
}
writeFileSync(place, JSON.stringify(state))
process.stdout.write(said + 'DiskPart expuso correctamente el archivo.\r\n')
`
}
