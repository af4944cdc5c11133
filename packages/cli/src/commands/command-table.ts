import type { CommandDefinition } from '../grammar/command-definition.ts'
import { agentsCommand } from './agents.command.ts'
import { attachCommand } from './attach.command.ts'
import { attachedCommand } from './attached.command.ts'
import { auditCommand } from './audit.command.ts'
import { chainCommand } from './chain.command.ts'
import { checkCommand } from './check.command.ts'
import { cloneCommand } from './clone.command.ts'
import { compareCommand } from './compare.command.ts'
import { completionCommand } from './completion.command.ts'
import { controllerCommand } from './controller.command.ts'
import { convertCommand } from './convert.command.ts'
import { createCommand } from './create.command.ts'
import { deleteCommand } from './delete.command.ts'
import { detachCommand } from './detach.command.ts'
import { digestCommand } from './digest.command.ts'
import { doCommand } from './do.command.ts'
import { doctorCommand } from './doctor.command.ts'
import { growCommand } from './grow.command.ts'
import { helpCommand } from './help.command.ts'
import { hostsCommand } from './hosts.command.ts'
import { imagesCommand } from './images.command.ts'
import { infoCommand } from './info.command.ts'
import { keysCommand } from './keys.command.ts'
import { leftoversCommand } from './leftovers.command.ts'
import { loginCommand } from './login.command.ts'
import { logoutCommand } from './logout.command.ts'
import { manCommand } from './man.command.ts'
import { mapCommand } from './map.command.ts'
import { measureCommand } from './measure.command.ts'
import { migrateCommand } from './migrate.command.ts'
import { migrationsCommand } from './migrations.command.ts'
import { mountCommand } from './mount.command.ts'
import { moveCommand } from './move.command.ts'
import { peopleCommand } from './people.command.ts'
import { placesCommand } from './places.command.ts'
import { purgeCommand } from './purge.command.ts'
import { quarantineCommand } from './quarantine.command.ts'
import { reclaimCommand } from './reclaim.command.ts'
import { restoreCommand } from './restore.command.ts'
import { runsCommand } from './runs.command.ts'
import { scheduleCommand } from './schedule.command.ts'
import { serveCommand } from './serve.command.ts'
import { shrinkCommand } from './shrink.command.ts'
import { snapshotCommand } from './snapshot.command.ts'
import { umountCommand } from './umount.command.ts'
import { verifyCommand } from './verify.command.ts'
import { wslCommand } from './wsl.command.ts'

/** Every command there is; a new one is its file `<name>.command.ts` and one line here, sorted by name. */
export const commandTable: readonly CommandDefinition[] = [
  agentsCommand,
  attachCommand,
  attachedCommand,
  auditCommand,
  chainCommand,
  checkCommand,
  cloneCommand,
  compareCommand,
  completionCommand,
  controllerCommand,
  convertCommand,
  createCommand,
  deleteCommand,
  detachCommand,
  digestCommand,
  doCommand,
  doctorCommand,
  growCommand,
  helpCommand,
  hostsCommand,
  imagesCommand,
  infoCommand,
  keysCommand,
  leftoversCommand,
  loginCommand,
  logoutCommand,
  manCommand,
  mapCommand,
  measureCommand,
  migrateCommand,
  migrationsCommand,
  mountCommand,
  moveCommand,
  peopleCommand,
  placesCommand,
  purgeCommand,
  quarantineCommand,
  reclaimCommand,
  restoreCommand,
  runsCommand,
  scheduleCommand,
  serveCommand,
  shrinkCommand,
  snapshotCommand,
  umountCommand,
  verifyCommand,
  wslCommand,
]
