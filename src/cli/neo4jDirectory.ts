import { z } from 'zod'
import { valued } from './command.ts'

/** The folder of a server that Holdfast runs. */
export const serverDirectory = valued(z.string().min(1), {
  placeholder: 'dir',
  required: true,
  description: 'the folder of this server: its data, configuration and logs',
})
