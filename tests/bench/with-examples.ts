/** Loaded before the real server: it then hosts what the bench talks to, beside its own machines. */
import type { MachineDefinition } from '../../machines/definition.ts'
import { catalogue } from '../../machines/index.ts'
import { counterDefinition } from '../examples/counter.ts'
import { offerDefinition } from '../examples/offer.ts'

;(catalogue as MachineDefinition[]).push(counterDefinition, offerDefinition)
