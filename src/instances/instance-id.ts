/** Text from outside becomes an instance id here and nowhere else; behind this door the type is the proof. */
import { z } from 'zod'

export const instanceId = z.uuid({ error: 'a UUID' }).toLowerCase().brand<'InstanceId'>()
export type InstanceId = z.output<typeof instanceId>
