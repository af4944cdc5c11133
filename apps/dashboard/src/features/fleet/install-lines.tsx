import { SegmentedControl } from '@mantine/core'
import { installSystems, systemWords, type InstallSystem } from '@varve/protocol/install-systems'
import type { MadeJoinToken } from '@varve/protocol/trust'
import { useState } from 'react'
import { Command } from '../../components/marks.tsx'
import styles from './fleet.module.css'

const systems = installSystems.map((system) => ({ value: system, label: systemWords[system] }))

/** Where a line is put in, and what it leaves to do. */
const how = {
  linux: 'Run it as root. It joins and starts the agent: that is all.',
  windows:
    'Paste it into PowerShell that was opened as administrator. It joins, and says how the agent is started: no service does that yet.',
  macos: 'Paste it into Terminal. It joins, and launchd starts the agent with the Mac.',
} as const satisfies Readonly<Record<InstallSystem, string>>

/** The line that installs Varve on a host, for the system that is chosen; nothing where there is no line at all. */
export default function InstallLines({ install }: Pick<MadeJoinToken, 'install'>) {
  const [chosen, choose] = useState<InstallSystem>('linux')
  const found = install.find(({ system }) => system === chosen)
  if (!found || install.every(({ line }) => line === null)) return null
  return (
    <div className={styles.installLines}>
      <p>
        <strong>Or, on a host without Varve,</strong> install it by one line, which checks what it fetches.
      </p>
      <SegmentedControl
        aria-label="System of the host"
        size="xs"
        data={systems}
        value={chosen}
        onChange={choose}
      />
      {found.line === null ? (
        <p className={styles.soft}>
          There is no line for {systemWords[chosen]}: {found.reason}.
        </p>
      ) : (
        <>
          <p className={styles.soft}>{how[chosen]}</p>
          <Command command={found.line} />
        </>
      )}
    </div>
  )
}
