import { commandFlags, serviceFlags } from '@varve/bundle/node-flags'
import type { Target } from './targets.ts'
import { textFile, type TreeEntry } from './tree.ts'

/** What people start, and the program below `lib/varve/packages` that it is. */
function commandsOf({ agent }: Target) {
  return {
    varve: 'cli/bin/varve.mjs',
    'varve-agent': `${agent}/bin/varve-agent.mjs`,
    'varve-controller': 'controller/bin/varve-controller.mjs',
  }
}

const flagsOf = (name: string) => (name === 'varve' ? commandFlags : serviceFlags).join(' ')

/** The programs of `bin`, which start the Node beside them from wherever they are called. */
export function launchers(target: Target): TreeEntry[] {
  const make = target.system === 'win32' ? commandFile : shellFile
  return Object.entries(commandsOf(target)).map(([name, program]) => make(target, name, program))
}

/** The links to a launcher are followed, as of `/usr/bin/varve`. */
function shellFile(target: Target, name: string, program: string): TreeEntry {
  const commands = commandsOf(target)
  const asService = `flags=${flagsOf('varve-controller')} && shift`
  const services = `case \${1-} in
  controller) program=${commands['varve-controller']} && ${asService} ;;
  agent) program=${commands['varve-agent']} && ${asService} ;;
esac
`
  const text = `#!/bin/sh
self=$(readlink -f "$0") || exit 1
root=\${self%/*/*}
program=${program}
flags='${flagsOf(name)}'
${name === 'varve' ? services : ''}exec "$root/lib/node/bin/node" $flags "$root/lib/varve/packages/$program" "$@"
`
  return textFile(`bin/${name}`, text, 0o755)
}

function commandFile(_: Target, name: string, program: string): TreeEntry {
  const path = program.replaceAll('/', '\\')
  const text = `@echo off\r\n"%~dp0..\\lib\\node\\bin\\node.exe" ${flagsOf(name)} "%~dp0..\\lib\\varve\\packages\\${path}" %*\r\n`
  return textFile(`bin/${name}.cmd`, text)
}
