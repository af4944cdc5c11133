import { longestEvery, shortestEvery } from '@varve/protocol/schedule-limits'
import { defineCommand } from '../grammar/command-definition.ts'
import { durationOption } from '../grammar/duration.ts'
import { addControllerOption } from '../grammar/options.ts'
import type { FleetOptions } from '../fleet.ts'
import type { ScheduleSetOptions } from './schedule.ts'

const listCommand = defineCommand<FleetOptions>({
  usage: 'list',
  does: 'the schedules of the fleet: how often, what was last, what comes next',
  grammar: addControllerOption,
  async run({ options, context }) {
    const { scheduleList } = await import('./schedule.ts')
    return await scheduleList(options, context)
  },
})

const removeCommand = defineCommand<FleetOptions>({
  usage: 'remove <place>',
  does: 'HOST:LIBRARY has no schedule any more; what was found stays',
  grammar: addControllerOption,
  async run({ args: [place = ''], options, context }) {
    const { scheduleRemove } = await import('./schedule.ts')
    return await scheduleRemove(place, options, context)
  },
})

const setCommand = defineCommand<ScheduleSetOptions>({
  usage: 'set <place>',
  does: 'prove each image of HOST:LIBRARY again every so often against the manifest that its host keeps',
  grammar: (command) =>
    addControllerOption(command)
      .addOption(
        durationOption('--every <time>', 'how often, from 1h to 365d', {
          shortest: shortestEvery,
          longest: longestEvery,
        }).makeOptionMandatory(),
      )
      .option(
        '--window <from-to>',
        'begin with images in this part of the day only, on the clock of the controller, such as 22:00-06:00',
      )
      .option('--off', 'keep the schedule, but begin with nothing'),
  async run({ args: [place = ''], options, context }) {
    const { scheduleSet } = await import('./schedule.ts')
    return await scheduleSet(place, options, context)
  },
})

export const scheduleCommand = defineCommand<FleetOptions>({
  usage: 'schedule',
  group: 'fleet',
  does: 'libraries whose images are proven again every so often: list, set, remove',
  grammar: addControllerOption,
  async run({ options, context }) {
    const { scheduleList } = await import('./schedule.ts')
    return await scheduleList(options, context)
  },
  commands: [listCommand, removeCommand, setCommand],
})
